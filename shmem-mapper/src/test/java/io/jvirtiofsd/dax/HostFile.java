package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file of the host that a test opens as the window does. */
final class HostFile {
    private HostFile() {}

    /** Writes {@code bytes} to {@code path} and opens it for reading and writing; given. */
    static Fd open(Path path, byte[] bytes) throws IOException {
        Files.write(path, bytes);
        Syscalls syscalls = Syscalls.load();
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        long text = Scratch.get().path(name, 0, name.length);
        int fd = syscalls.openat(Fcntl.AT_FDCWD, text, Fcntl.O_RDWR | Fcntl.O_CLOEXEC, 0);
        return Fd.own(syscalls, LinuxException.check(fd, "open"));
    }
}
