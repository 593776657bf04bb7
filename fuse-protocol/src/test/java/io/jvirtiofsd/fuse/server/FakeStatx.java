package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.FullAttributes;
import io.jvirtiofsd.fuse.server.AttributeWire.FuseStatx;
import io.jvirtiofsd.fuse.server.AttributeWire.SxTime;
import java.lang.reflect.Proxy;
import java.util.Map;

/** Full attributes with given values. */
final class FakeStatx {
    private static final Map<String, Object> VALUES =
            Map.ofEntries(
                    Map.entry("mask", 0xfff),
                    Map.entry("attributes", 1L << 40),
                    Map.entry("attributesMask", 3L << 40),
                    Map.entry("btimeSeconds", 201L),
                    Map.entry("btimeNanos", 202),
                    Map.entry("rdevMajor", 203),
                    Map.entry("rdevMinor", 204),
                    Map.entry("devMajor", 205),
                    Map.entry("devMinor", 206));

    private FakeStatx() {}

    /** Of a file with {@code mode}; every other field has a value of its own. */
    static FullAttributes of(int mode) {
        FakeAttributes basic = FakeAttributes.of(mode);
        return (FullAttributes)
                Proxy.newProxyInstance(
                        FullAttributes.class.getClassLoader(),
                        new Class<?>[] {FullAttributes.class},
                        (proxy, method, arguments) -> {
                            Object value = VALUES.get(method.getName());
                            return value != null ? value : method.invoke(basic);
                        });
    }

    /** What it is on the wire. */
    static FuseStatx expected(int mode) {
        return new FuseStatx(
                0xfff,
                115,
                1L << 40,
                111,
                112,
                113,
                mode,
                101,
                102,
                103,
                3L << 40,
                new SxTime(104, 105),
                new SxTime(201, 202),
                new SxTime(108, 109),
                new SxTime(106, 107),
                203,
                204,
                205,
                206);
    }
}
