using System.CommandLine;

namespace HymbaSharp.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. Tools().Select(command => command.Name)];

    [Fact]
    public void The_tool_alone_says_what_it_can_do()
    {
        string help = Tool.Run().Success;
        Assert.Equal(help, Tool.Run("--help").Success);
        foreach (ToolCommand command in Tools())
            Assert.Contains(command.Description!, help, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_has_one_sentence_examples_and_described_options(string name)
    {
        ToolCommand command = Tools().Single(command => command.Name == name);
        string help = Tool.Run(name, "--help").Success;
        Assert.EndsWith(".", command.Description, StringComparison.Ordinal);
        Assert.DoesNotContain(". ", command.Description, StringComparison.Ordinal);
        Assert.Contains(command.Description!, help, StringComparison.Ordinal);
        Assert.Contains("\nExamples:\n  ", help, StringComparison.Ordinal);
        Assert.NotEmpty(command.Examples);
        foreach (Option option in command.Options)
        {
            Assert.False(string.IsNullOrEmpty(option.Description), option.Name);
            Assert.Contains(option.Name, help, StringComparison.Ordinal);
            if (option.ValueType != typeof(bool))
                Assert.True(option.HelpName is not null || help.Contains($"{option.Name} <", StringComparison.Ordinal), option.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_example_is_a_command_line_that_parses(string name)
    {
        foreach (string example in Tools().Single(command => command.Name == name).Examples.Where(line => line.Contains("hymba ", StringComparison.Ordinal)))
        {
            string line = example[example.IndexOf("hymba ", StringComparison.Ordinal)..].Split('|', '>')[0];
            string[] words = [.. System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(line)];
            Assert.Equal(name, words[1]);
            Assert.Empty(HymbaTool.Root(Terminal.Of(TextReader.Null, TextWriter.Null, TextWriter.Null, new Interrupts())).Parse(words[1..]).Errors);
        }
    }

    [Theory]
    [InlineData("bogus", "Unrecognized command or argument 'bogus'. See 'hymba --help'.")]
    [InlineData("tokenize --bogus a", "Unrecognized command or argument 'a'. See 'hymba tokenize --help'.")]
    [InlineData("logits --threads many", "--threads is 'many'; expected a whole number. See 'hymba logits --help'.")]
    [InlineData("logits --kernels fast", "Argument 'fast' not recognized. Must be one of: 'scalar' 'vector128' 'vector256' 'vector512'. See 'hymba logits --help'.")]
    [InlineData("init", "Required argument 'CONFIG' missing for command: 'init'. See 'hymba init --help'.")]
    public void A_wrong_command_line_is_answered_by_one_line(string line, string expected) =>
        Assert.Equal(expected, Tool.Run(line.Split(' ')).Failure(ToolRunner.Misused));

    [Fact]
    public void Verbose_adds_the_stack_trace()
    {
        Assert.DoesNotContain(" at ", Tool.Run("inspect", "nowhere").Failure(), StringComparison.Ordinal);
        Outcome verbose = Tool.Run("inspect", "nowhere", "--verbose");
        Assert.Equal(ToolRunner.Failed, verbose.Code);
        Assert.Contains("   at HymbaSharp.Checkpoints.ModelLocation.", verbose.Error, StringComparison.Ordinal);
    }

    private static IEnumerable<ToolCommand> Tools() =>
        HymbaTool.Root(Terminal.Of(TextReader.Null, TextWriter.Null, TextWriter.Null, new Interrupts())).Subcommands.Cast<ToolCommand>();
}
