package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.fuzz.DescriptorWatch;
import io.jvirtiofsd.fuzz.ErrorLog;
import io.jvirtiofsd.fuzz.Fuzzer;
import io.jvirtiofsd.fuzz.SocketPair;
import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Whatever a front-end answers on the back-end channel, each request ends as its answer says; the
 * first that is none ends the use of the channel, and no descriptor is left.
 *
 * <p>An input is a byte of requests (bit i: the i-th unmaps), a byte that tells how many
 * descriptors come with the first answer, and the answers, after which the front-end is gone.
 */
public final class BackendChannelFuzzTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int REQUESTS = 8;
    private static final int MAP = 9; // vhost-user.rst
    private static final int UNMAP = 10; // vhost-user.rst
    private static final int ANSWER_BYTES = 20;
    private static final int MOST_BYTES = 4096;
    private static final int SHUT_WR = 1; // sys/socket.h
    private static final NativeMemory OUT = NativeMemory.allocate(MOST_BYTES);
    private static final int FILE = file();

    private static int file() {
        try {
            return EventFd.create(SYSCALLS).number();
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For Jazzer, before the first input. */
    public static void fuzzerInitialize() {
        ErrorLog.watch();
    }

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        if (input.length >= 2) {
            DescriptorWatch.play(() -> answer(input));
            ErrorLog.check();
        }
    }

    private static void answer(byte[] input) throws LinuxException {
        SocketPair sockets = SocketPair.connect(SYSCALLS);
        int length = Math.min(input.length - 2, MOST_BYTES);
        if (length > 0) {
            int[] fds = new int[input[1] & 0xf];
            Arrays.fill(fds, FILE);
            OUT.put(0, input, 2, length);
            new SocketMessages(SYSCALLS, sockets.peer()).send(OUT, 0, length, fds);
        }
        SYSCALLS.shutdown(sockets.peer(), SHUT_WR);
        try (BackendChannel channel =
                BackendChannel.over(SYSCALLS, Fd.own(SYSCALLS, sockets.ours()))) {
            channel.resume();
            ask(channel, input[0], ByteBuffer.wrap(input, 2, length).slice());
        }
        SYSCALLS.close(sockets.peer());
    }

    private static void ask(BackendChannel channel, int requests, ByteBuffer answers) {
        answers.order(ByteOrder.LITTLE_ENDIAN);
        boolean used = true;
        for (int i = 0; i < REQUESTS; i++) {
            int type = (requests >> i & 1) == 0 ? MAP : UNMAP;
            Outcome expected = used ? expected(type, answers) : Outcome.NOT_SENT;
            used &= expected != Outcome.UNKNOWN;
            Outcome outcome = type == MAP ? channel.map(FILE, 0, 0, 4096) : channel.unmap(0, 4096);
            assertEquals(expected, outcome);
        }
    }

    private static Outcome expected(int type, ByteBuffer answers) {
        if (answers.remaining() < ANSWER_BYTES
                || answers.getInt() != type
                || answers.getInt() != 5
                || answers.getInt() != 8) {
            return Outcome.UNKNOWN;
        }
        return answers.getLong() == 0 ? Outcome.DONE : Outcome.REFUSED;
    }

    @Test
    void everyRequestEndsAsItsAnswerSays() throws Exception {
        Fuzzer.run(BackendChannelFuzzTest.class, "channel");
    }
}
