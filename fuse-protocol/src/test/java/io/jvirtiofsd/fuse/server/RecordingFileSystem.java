package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.ControlOperations;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.DirectoryOperations;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileOperations;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.LockOperations;
import io.jvirtiofsd.fuse.MappingOperations;
import io.jvirtiofsd.fuse.NameOperations;
import io.jvirtiofsd.fuse.NodeOperations;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.fuse.Statfs;
import io.jvirtiofsd.fuse.XattrOperations;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A file system that writes down each call as text and answers what a test has put there: a value
 * or an exception per method, else something plausible.
 */
final class RecordingFileSystem {
    /** What a test wants a method to do. */
    interface Answer {
        Object to(Object[] arguments) throws Throwable;
    }

    private final List<String> calls = new ArrayList<>();
    private final Map<String, Answer> answers = new HashMap<>();

    RecordingFileSystem() {
        answer("lookup", arguments -> FakeEntry.of(5, 0100644));
        answer("getattr", arguments -> FakeAttributes.of(0100644));
        answer("setattr", arguments -> FakeAttributes.of(0100600));
        answer("readlink", arguments -> "to/there".getBytes());
        answer("symlink", arguments -> FakeEntry.of(6, 0120777));
        answer("mknod", arguments -> FakeEntry.of(7, 0010644));
        answer("mkdir", arguments -> FakeEntry.of(8, 0040755));
        answer("link", arguments -> FakeEntry.of(5, 0100644));
        answer("open", arguments -> new OpenReply(91, OpenReply.FOPEN_KEEP_CACHE));
        answer("opendir", arguments -> new OpenReply(92, 0));
        answer(
                "create",
                arguments -> new CreateReply(FakeEntry.of(9, 0100644), new OpenReply(93, 0)));
        answer("read", arguments -> ((GuestData) arguments[3]).size());
        answer("write", arguments -> ((GuestData) arguments[5]).size());
        answer("statfs", arguments -> new Statfs(1, 2, 3, 4, 5, 6, 7, 8));
        answer("getxattr", arguments -> "value".getBytes());
        answer("listxattr", arguments -> "user.a\0user.b\0".getBytes());
        answer("statx", arguments -> FakeStatx.of(0100644));
        answer(
                "tmpfile",
                arguments -> new CreateReply(FakeEntry.of(9, 0100644), new OpenReply(94, 0)));
        answer("ioctlGet", arguments -> new byte[(int) arguments[3]]);
        answer("poll", arguments -> (int) arguments[2] & 5);
        answer("lseek", arguments -> 4096L);
        answer("copyFileRange", arguments -> ((CopyRequest) arguments[1]).len());
    }

    void answer(String method, Answer answer) {
        answers.put(method, answer);
    }

    void fail(String method, int errno) {
        answer(
                method,
                arguments -> {
                    throw ErrnoException.of(errno);
                });
    }

    /** The calls so far, forgotten after this. */
    List<String> calls() {
        List<String> done = List.copyOf(calls);
        calls.clear();
        return done;
    }

    /** One object is the file system, each of its sessions, and all parts of these. */
    FileSystem fileSystem() {
        return (FileSystem)
                Proxy.newProxyInstance(
                        FileSystem.class.getClassLoader(),
                        new Class<?>[] {
                            FileSystem.class,
                            Session.class,
                            NodeOperations.class,
                            NameOperations.class,
                            FileOperations.class,
                            DirectoryOperations.class,
                            XattrOperations.class,
                            LockOperations.class,
                            MappingOperations.class,
                            ControlOperations.class
                        },
                        this::call);
    }

    private Object call(Object proxy, Method method, Object[] arguments) throws Throwable {
        if (method.getReturnType().getSimpleName().endsWith("Operations")) {
            return proxy;
        }
        if (method.getName().equals("mapsFiles")) { // a question, not a request
            Answer maps = answers.get("mapsFiles");
            return maps != null && (Boolean) maps.to(new Object[0]);
        }
        if (method.getName().equals("report")) {
            return "";
        }
        Object[] given = arguments == null ? new Object[0] : arguments;
        calls.add(
                Arrays.stream(given)
                        .map(RecordingFileSystem::text)
                        .collect(Collectors.joining(", ", method.getName() + "(", ")")));
        Answer answer = answers.get(method.getName());
        Object answered = answer == null ? null : answer.to(given);
        return method.getName().equals("begin") ? proxy : answered;
    }

    private static String text(Object argument) {
        if (argument instanceof Caller context) {
            return context.uid() + ":" + context.gid();
        }
        if (argument instanceof GuestData data) {
            return data.size() + " bytes";
        }
        if (argument instanceof byte[] bytes) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
        if (argument instanceof DirectorySink) {
            return "sink";
        }
        return argument.toString();
    }
}
