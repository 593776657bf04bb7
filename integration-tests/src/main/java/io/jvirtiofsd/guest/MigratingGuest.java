package io.jvirtiofsd.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A guest with a share that goes from one QEMU and daemon to others on the same host, while it
 * works. Owned by the test, owns what runs at a time.
 *
 * <p><i>Confined to the test's thread.</i>
 */
public final class MigratingGuest implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Pattern STATUS = Pattern.compile("Status:\\s+(\\S+)");
    private static final Pattern DOWNTIME = Pattern.compile("\\bdown(?:time)?\\b\\D*(\\d+)");

    /** A QEMU with its daemon. */
    private record Place(Guest guest, Monitor monitor, Daemon daemon) implements AutoCloseable {
        @Override
        public void close() {
            guest.kill();
            daemon.close();
        }
    }

    private final GuestKit kit;
    private final Path folder;
    private final int requestQueues;
    private final Function<Path, Daemon> daemons;
    private final Path channel;
    private int places;
    private Place place;

    /**
     * Boots the guest; its share has the tag {@code share}.
     *
     * @param folder an empty one, with a short path
     * @param requestQueues how many the device has
     * @param daemons starts a daemon on the socket it is given
     */
    public MigratingGuest(
            GuestKit kit, Path folder, int requestQueues, Function<Path, Daemon> daemons)
            throws IOException {
        this.kit = kit;
        this.folder = folder;
        this.requestQueues = requestQueues;
        this.daemons = daemons;
        this.channel = folder.resolve("channel");
        this.place = place(daemons, false);
    }

    private Place place(Function<Path, Daemon> from, boolean incoming) throws IOException {
        Path own = Files.createDirectory(folder.resolve(String.valueOf(places++)));
        Monitor monitor = new Monitor(own.resolve("monitor"));
        Daemon daemon = from.apply(own.resolve("s"));
        GuestBuilder machine =
                new GuestBuilder(kit, own)
                        .arguments(monitor.arguments())
                        .fsDevice(daemon.socket(), "share", requestQueues, 128);
        if (!incoming) {
            return new Place(machine.boot(), monitor, daemon);
        }
        Files.deleteIfExists(channel);
        Guest guest = machine.arguments("-incoming", "defer").await();
        monitor.tell("migrate_set_capability return-path on");
        monitor.tell("migrate_incoming unix:" + channel);
        return new Place(guest, monitor, daemon);
    }

    /** The guest, where it is now. */
    public Guest guest() {
        return place.guest();
    }

    /** The daemon that serves it now. */
    public Daemon daemon() {
        return place.daemon();
    }

    /**
     * Moves the guest to a new QEMU and daemon, and ends the old ones.
     *
     * @return how long the guest stood still, in milliseconds, as QEMU says
     * @throws IllegalStateException if that fails
     */
    public int migrate() throws IOException {
        Place next = place(daemons, true);
        String said = migrateTo();
        Matcher downtime = DOWNTIME.matcher(said);
        if (!status(said).equals("completed") || !downtime.find()) {
            next.close();
            throw new IllegalStateException(
                    said + place.daemon().log() + "--- destination\n" + next.daemon().log());
        }
        place.close();
        place = next;
        return Integer.parseInt(downtime.group(1));
    }

    /**
     * Tries to move the guest to a daemon that will not take it, and lets it go on here.
     *
     * @return what that daemon has logged
     */
    public String migrateInVain(Function<Path, Daemon> from) throws IOException {
        try (Place next = place(from, true)) {
            String said = migrateTo();
            if (!status(said).equals("failed")) {
                throw new IllegalStateException(said);
            }
            place.monitor().tell("cont");
            return next.daemon().log();
        }
    }

    /** What the source's QEMU says in the end. */
    private String migrateTo() throws IOException {
        place.monitor().tell("migrate_set_capability return-path on"); // tells if it was not taken
        place.monitor().tell("migrate_set_parameter max-bandwidth 4G");
        place.monitor().tell("migrate -d unix:" + channel);
        String[] said = new String[1];
        Processes.await(
                LIMIT,
                () -> {
                    try {
                        said[0] = place.monitor().tell("info migrate");
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                    String status = status(said[0]);
                    return status.equals("completed") || status.equals("failed");
                });
        return said[0];
    }

    private static String status(String said) {
        Matcher matcher = STATUS.matcher(said);
        return matcher.find() ? matcher.group(1) : "";
    }

    @Override
    public void close() {
        place.close();
    }
}
