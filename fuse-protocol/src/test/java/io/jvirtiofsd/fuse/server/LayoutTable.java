package io.jvirtiofsd.fuse.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What fuse_layout.c printed, as kept in fuse-layout.txt. */
final class LayoutTable {
    /** A member of a C struct. */
    record Member(String name, int offset, int bytes) {}

    private final Map<String, Integer> structs = new LinkedHashMap<>();
    private final Map<String, List<Member>> members = new LinkedHashMap<>();
    private final Map<String, Map<String, Integer>> numbers = new LinkedHashMap<>();

    LayoutTable() {
        for (String line : text().split("\n")) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "struct" -> structs.put(words[1], Integer.valueOf(words[2]));
                case "member" ->
                        members.computeIfAbsent(words[1], struct -> new ArrayList<>())
                                .add(
                                        new Member(
                                                words[2],
                                                Integer.parseInt(words[3]),
                                                Integer.parseInt(words[4])));
                default ->
                        numbers.computeIfAbsent(words[0], kind -> new LinkedHashMap<>())
                                .put(words[1], Integer.valueOf(words[2]));
            }
        }
    }

    /** The kept text. */
    static String text() {
        try (InputStream in = LayoutTable.class.getResourceAsStream("/fuse-layout.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** {@code sizeof(struct name)}. */
    int bytes(String struct) {
        return structs.get(struct);
    }

    List<Member> members(String struct) {
        return members.get(struct);
    }

    Member member(String struct, String name) {
        return members.get(struct).stream()
                .filter(member -> member.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + struct));
    }

    /** All "opcode", "init" or "constant" lines. */
    Map<String, Integer> numbers(String kind) {
        return numbers.get(kind);
    }
}
