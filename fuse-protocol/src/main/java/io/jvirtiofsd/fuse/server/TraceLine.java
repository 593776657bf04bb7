package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.Name;
import java.lang.reflect.RecordComponent;

/**
 * Prints one request as one line: what was asked and what was answered, flags by name.
 *
 * <pre>
 * fuse LOOKUP unique=24 node=1 uid=0 gid=0 pid=312 name="etc" -> ENTRY nodeid=5 generation=0 ...
 * fuse OPEN unique=26 node=5 uid=0 gid=0 pid=312 flags=O_RDWR|O_TRUNC openFlags=0 -> -EACCES
 * fuse READ unique=28 node=5 uid=0 gid=0 pid=312 fh=3 offset=0 size=4096 ... -> 4096 bytes
 * </pre>
 *
 * <p><i>Stateless.</i> The only user of reflection, and only while tracing.
 */
final class TraceLine {
    private TraceLine() {}

    /** The line of a request that has been served; {@code opcode} is null if unknown. */
    static String of(Request request, Opcode opcode, int errno, int length) {
        StringBuilder line = new StringBuilder(asked(request, opcode));
        answer(line, request, opcode, errno, length);
        return line.toString();
    }

    /** The line up to the answer. */
    static String asked(Request request, Opcode opcode) {
        InHeader header = request.header();
        StringBuilder line = new StringBuilder("fuse ");
        line.append(opcode == null ? "opcode-" + unsigned(header.opcode()) : opcode.name());
        line.append(" unique=").append(unsigned(header.unique()));
        line.append(" node=").append(unsigned(header.nodeId()));
        line.append(" uid=").append(unsigned(header.uid()));
        line.append(" gid=").append(unsigned(header.gid()));
        line.append(" pid=").append(unsigned(header.pid()));
        if (opcode != null) {
            fields(line, request.argumentsAgain(opcode));
        }
        quoted(line, " name=", request.name());
        quoted(line, opcode == Opcode.SYMLINK ? " target=" : " newName=", request.secondName());
        line.append(" -> ");
        return line.toString();
    }

    private static void answer(
            StringBuilder line, Request request, Opcode opcode, int errno, int length) {
        if (errno != 0) {
            line.append('-').append(Errno.name(errno));
        } else if (length == 0) {
            line.append("no reply");
        } else if (opcode.reply() == Reply.EMPTY) {
            line.append("ok");
        } else if (opcode.reply() == Reply.DATA) {
            line.append(length - Request.OUT_HEADER_BYTES).append(" bytes");
        } else {
            line.append(opcode.reply());
            fields(line, request.bodyAgain(opcode));
        }
    }

    private static void fields(StringBuilder line, Record record) {
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            Object value = value(component, record);
            if (value instanceof Record nested) {
                fields(line, nested);
                continue;
            }
            Flags flags = component.getAnnotation(Flags.class);
            line.append(' ').append(component.getName()).append('=');
            line.append(flags == null ? unsigned(value) : flags.value().text((Integer) value));
        }
    }

    private static Object value(RecordComponent component, Record record) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    /** Numbers on the wire have no sign. */
    private static String unsigned(Object number) {
        return number instanceof Long wide
                ? Long.toUnsignedString(wide)
                : Integer.toUnsignedString((Integer) number);
    }

    private static void quoted(StringBuilder line, String label, Name name) {
        if (name.length() == 0) {
            return;
        }
        line.append(label).append('"');
        for (byte b : name.toByteArray()) {
            if (b < ' ' || b == 0x7f || b == '"' || b == '\\') {
                line.append("\\x%02x".formatted(b & 0xff));
            } else {
                line.append((char) b);
            }
        }
        line.append('"');
    }
}
