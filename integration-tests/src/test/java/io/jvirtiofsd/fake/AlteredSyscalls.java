package io.jvirtiofsd.fake;

import io.jvirtiofsd.linux.JnrSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** The system calls of this machine, where a test acts after some of them. */
final class AlteredSyscalls {
    /** What happens after a call. */
    @FunctionalInterface
    interface After {
        void call(String name, Object[] arguments) throws Exception;
    }

    private AlteredSyscalls() {}

    static Syscalls with(After after) {
        Syscalls real = JnrSyscalls.load();
        return (Syscalls)
                Proxy.newProxyInstance(
                        Syscalls.class.getClassLoader(),
                        new Class<?>[] {Syscalls.class},
                        (proxy, method, arguments) -> {
                            try {
                                Object result = method.invoke(real, arguments);
                                after.call(method.getName(), arguments);
                                return result;
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }
}
