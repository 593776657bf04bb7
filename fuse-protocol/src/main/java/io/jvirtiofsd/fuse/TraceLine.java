package io.jvirtiofsd.fuse;

import java.lang.reflect.RecordComponent;

/**
 * Prints one request as one line: {@code fuse OPCODE unique= node= uid= ... "name" -> answer}.
 *
 * <p><i>Stateless.</i> The only user of reflection, and only while tracing.
 */
final class TraceLine {
    private TraceLine() {}

    /** The line of a request that has been served; {@code opcode} is null if unknown. */
    static String of(Request request, Opcode opcode, int errno, int length) {
        InHeader header = request.header();
        StringBuilder line = new StringBuilder("fuse ");
        line.append(opcode == null ? "opcode-" + header.opcode() : opcode.name());
        line.append(" unique=").append(header.unique());
        line.append(" node=").append(header.nodeId());
        line.append(" uid=").append(header.uid()).append(" gid=").append(header.gid());
        line.append(" pid=").append(header.pid());
        if (opcode != null) {
            fields(line, request.argumentsAgain(opcode));
        }
        quoted(line, request.name());
        quoted(line, request.secondName());
        line.append(" -> ");
        if (errno != 0) {
            line.append('-').append(Errno.name(errno));
        } else if (opcode == null || length <= Request.OUT_HEADER_BYTES) {
            line.append("ok");
        } else if (opcode.reply() == Reply.DATA) {
            line.append(length - Request.OUT_HEADER_BYTES).append(" bytes");
        } else {
            line.append("ok");
            fields(line, request.bodyAgain(opcode));
        }
        return line.toString();
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
            line.append(flags == null ? value : flags.value().text((Integer) value));
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

    private static void quoted(StringBuilder line, Name name) {
        if (name.length() == 0) {
            return;
        }
        line.append(" \"");
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
