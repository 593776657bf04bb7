package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the trace shows of messages that have not been checked yet. */
class MessageTest {
    @ParameterizedTest
    @EnumSource(MessageType.class)
    void messageOfAnyLengthHasATraceLine(MessageType type) {
        for (int size = 0; size <= 48; size++) {
            try (Message message = new Message(type.id(), 9, new byte[size], new ArrayList<>())) {
                assertTrue(message.toString().startsWith(type.name()));
            }
        }
    }
}
