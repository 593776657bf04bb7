package io.jvirtiofsd.cli;

import java.nio.file.Path;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Writes what completes the launcher's command lines in bash, for the package. <i>Stateless.</i>
 */
public final class Completion {
    private Completion() {}

    public static void main(String[] args) {
        CommandSpec doctor =
                CommandSpec.create()
                        .addPositional(PositionalParamSpec.builder().type(Path.class).build());
        CommandLine launcher =
                AnnotatedOptions.parser(new Options())
                        .addSubcommand("ivshmem", AnnotatedOptions.parser(new IvshmemArguments()))
                        .addSubcommand("doctor", new CommandLine(doctor));
        System.out.print(AutoComplete.bash("jvirtiofsd", launcher));
    }
}
