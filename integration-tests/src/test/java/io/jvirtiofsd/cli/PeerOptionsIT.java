package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.Processes;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Starters write options for a program that they take for virtiofsd. */
class PeerOptionsIT {
    private static final Pattern OPTION =
            Pattern.compile("^ +(?:-\\w, )?(--[a-z][a-z0-9-]+)", Pattern.MULTILINE);
    private static final int AT_LEAST = 30;

    @Test
    void everyOptionOfVirtiofsdIsOurs() {
        String peer = GuestKit.get().virtiofsd().toString();
        String help = Processes.run(Duration.ofSeconds(20), List.of(peer, "--help")).text();
        Set<String> theirs =
                OPTION.matcher(help)
                        .results()
                        .map(found -> found.group(1))
                        .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(theirs.size() > AT_LEAST, help);
        CommandLine ours = AnnotatedOptions.parser(new Options());
        theirs.removeAll(ours.getCommandSpec().optionsMap().keySet());
        theirs.removeAll(ours.getCommandSpec().negatedOptionsMap().keySet());
        assertEquals(Set.of(), theirs);
    }
}
