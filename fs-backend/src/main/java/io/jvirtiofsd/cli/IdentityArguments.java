package io.jvirtiofsd.cli;

import io.jvirtiofsd.passthrough.rules.IdMap;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about users and groups; a part of {@link Options}, and
 * <i>confined to the main thread</i> as these are.
 */
final class IdentityArguments {
    @Option(
            names = "--translate-uid",
            paramLabel = "RULE",
            description = {
                "Translate users, which does not confine them; each RULE is one of",
                "map:GUEST:HOST:COUNT, both ways",
                "guest:GUEST:HOST:COUNT, guest to host only",
                "host:HOST:GUEST:COUNT, host to guest only",
                "squash-guest:GUEST:HOST:COUNT, all to one",
                "squash-host:HOST:GUEST:COUNT, all to one",
                "forbid-guest:GUEST:COUNT, owners it may not set"
            })
    List<String> translateUid = new ArrayList<>();

    @Option(names = "--translate-gid", paramLabel = "RULE", description = "The same for groups.")
    List<String> translateGid = new ArrayList<>();

    @Option(
            names = "--uid-map",
            paramLabel = ":GUEST:HOST:COUNT:",
            description =
                    "Only these users exist, in a user namespace: the guest may not give files to"
                            + " others, and the host's others show as 65534. Not for root, whom it"
                            + " would not confine.")
    List<String> uidMap = new ArrayList<>();

    @Option(
            names = "--gid-map",
            paramLabel = ":GUEST:HOST:COUNT:",
            description = "The same for groups.")
    List<String> gidMap = new ArrayList<>();

    @Option(
            names = "--killpriv-v2",
            negatable = true,
            description =
                    "Clear set-user-ID, set-group-ID and capabilities of files that change here; "
                            + "the guest shows the old mode until it asks again (default:"
                            + " --no-killpriv-v2, the guest clears them by a request of its own).")
    boolean killpriv;

    @Option(
            names = "--allow-project-ids",
            description =
                    "Let the guest change to which project, and so to which quota of the host, a"
                            + " file belongs.")
    boolean projectIds;

    /** Whether the guest may change projects. */
    boolean projectIds() {
        return projectIds;
    }

    /** Whether we clear what makes programs run as others. */
    boolean killpriv() {
        return killpriv;
    }

    /**
     * What they mean together.
     *
     * @throws IllegalArgumentException if that is nothing; the message is one sentence for people
     */
    IdMaps options() {
        return new IdMaps(map("uid", translateUid, uidMap), map("gid", translateGid, gidMap));
    }

    /**
     * Refuses maps that look like a user namespace when there is none: root would still open what
     * belongs to others, change it and leave it theirs. An ordinary user's rights are bounds by
     * themselves, or he is root of a namespace that has these ids only.
     *
     * @throws IOException with one sentence for people
     */
    void refuseAsRoot() throws IOException {
        if (!Launcher.hasMappedIds() && (!uidMap.isEmpty() || !gidMap.isEmpty())) {
            throw new IOException(
                    "--uid-map and --gid-map can only be used by an ordinary user: root's files"
                            + " would stay within the guest's reach (--translate-uid translates,"
                            + " too)");
        }
    }

    private static IdMap map(String kind, List<String> rules, List<String> ranges) {
        String translate = "--translate-" + kind;
        String namespace = "--" + kind + "-map";
        if (!rules.isEmpty() && !ranges.isEmpty()) {
            throw new IllegalArgumentException("give either " + translate + " or " + namespace);
        }
        return ranges.isEmpty() || Launcher.hasMappedIds()
                ? Options.read(translate, IdMap::parse, rules)
                : Options.read(namespace, IdMap::parseNamespace, ranges);
    }
}
