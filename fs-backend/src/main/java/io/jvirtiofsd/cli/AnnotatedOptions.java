package io.jvirtiofsd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RegexTransformer;

/**
 * Fills {@link Options} by picocli: any command line, with words for people about what is wrong.
 * Apart from the options themselves, so that plain starts load nothing of picocli.
 * <i>Stateless.</i>
 */
final class AnnotatedOptions {
    // What -o calls otherwise than by the option's name with "_" for "-": virtiofsd's words.
    private static final Map<String, String> OTHER_WORDS =
            Map.of(
                    "loglevel", "log-level",
                    "no_posix_acl", "posix-acl=never",
                    "no_security_label", "security-label=never");

    private AnnotatedOptions() {}

    /**
     * Fills fresh {@code options} from {@code args}. What {@code -o} says is read as options of
     * their own after all others, which it overrides by that.
     *
     * @return the parser, which knows whether help was asked for
     * @throws IllegalArgumentException if they are wrong; the message's first line is for people
     */
    static CommandLine read(Options options, String... args) {
        CommandLine parser = parser(options);
        try {
            parser.parseArgs(args);
            if (!options.mountStyle.isEmpty() && !options.help && !options.version) {
                List<String> all = new ArrayList<>(List.of(args));
                all.remove("--"); // there are more options
                options.mountStyle.forEach(word -> all.add(spelledOut(parser, word)));
                parser.parseArgs(all.toArray(String[]::new));
            }
            return parser;
        } catch (ParameterException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Knows all options of an annotated object, {@link Options} or another, and fills these. */
    static CommandLine parser(Object options) {
        // Else picocli looks for each class of these packages, though no option is a time or a
        // date.
        System.setProperty("picocli.converters.excludes", "java.sql.*,java.time.*");
        CommandLine parser = new CommandLine(options);
        parser.setOverwrittenOptionsAllowed(true);
        parser.setExpandAtFiles(false); // a path may begin with @
        // --no-x is the opposite of a negatable --x, and --x that of --no-x; help shows what is
        // declared.
        parser.setNegatableOptionTransformer(
                new RegexTransformer.Builder()
                        .addPattern("^--no-(.*)$", "--$1", "--no-$1")
                        .addPattern("^--(.*)$", "--no-$1", "--$1")
                        .build());
        parser.getCommandSpec().options().stream()
                .map(OptionSpec::type)
                .filter(Class::isEnum)
                .forEach(type -> readByName(parser, type));
        return parser;
    }

    /** A word of {@code -o} as an option: "no_flock" as "--no-flock", "tag=a" as "--tag=a". */
    private static String spelledOut(CommandLine parser, String word) {
        int end = word.indexOf('=');
        String name = end < 0 ? word : word.substring(0, end);
        String value = end < 0 ? "" : word.substring(end);
        String option = "--" + OTHER_WORDS.getOrDefault(name, name.replace('_', '-'));
        OptionSpec known = parser.getCommandSpec().findOption(option);
        boolean takesNext = value.isEmpty() && known != null && known.arity().min() > 0;
        if (name.isEmpty() || value.equals("=") || takesNext) {
            throw new IllegalArgumentException("-o " + word + ": unknown option or missing value");
        }
        return word.equalsIgnoreCase("cache=none") ? "--cache=never" : option + value;
    }

    private static <E> void readByName(CommandLine parser, Class<E> type) {
        parser.registerConverter(
                type,
                name -> converted(value -> Options.byName(type.getEnumConstants(), value), name));
    }

    /** What {@code reader} makes of a value; picocli wants to hear of failures in its own way. */
    static <T> T converted(Function<String, T> reader, String value) {
        try {
            return reader.apply(value);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.TypeConversionException(e.getMessage());
        }
    }
}
