package io.jvirtiofsd.hostile;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** All that peers can do wrong in one area, row by row; its subclass fills it. */
abstract class HostileTable {
    private final Map<String, HostileCase> cases = new LinkedHashMap<>();

    Collection<HostileCase> cases() {
        return cases.values();
    }

    final void add(String name, HostileCase.Act act, Consequence expected) {
        if (cases.put(name, new HostileCase(name, act, expected)) != null) {
            throw new IllegalArgumentException("two cases of one name: " + name);
        }
    }
}
