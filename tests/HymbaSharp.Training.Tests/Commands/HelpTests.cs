using System.CommandLine;
using System.CommandLine.Parsing;
using HymbaSharp.CommandLine;
using HymbaSharp.Training.Commands;

namespace HymbaSharp.Training.Tests.Commands;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. Root().Subcommands.Select(command => command.Name)];

    [Fact]
    public void The_tool_alone_says_what_it_can_do()
    {
        TrainToolRun help = TrainToolRun.Of();
        Assert.Equal(help, TrainToolRun.Of("--help"));
        Assert.Equal((0, ""), (help.Code, help.Error));
        foreach (Command command in Root().Subcommands)
            Assert.Contains(command.Description!, string.Join(' ', help.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_has_one_sentence_examples_and_described_options(string name)
    {
        ToolCommand command = (ToolCommand)Root().Subcommands.Single(command => command.Name == name);
        string help = TrainToolRun.Of(name, "--help").Output;
        Assert.EndsWith(".", command.Description, StringComparison.Ordinal);
        Assert.DoesNotContain(". ", command.Description, StringComparison.Ordinal);
        Assert.Contains("\nExamples:\n  ", help, StringComparison.Ordinal);
        foreach (Option option in command.Options)
        {
            Assert.EndsWith(".", option.Description, StringComparison.Ordinal);
            Assert.Contains(option.ValueType == typeof(bool) ? $" {option.Name}" : $" {option.Name} <", help, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_example_is_a_command_line_that_parses(string name)
    {
        foreach (string example in ((ToolCommand)Root().Subcommands.Single(command => command.Name == name)).Examples)
        {
            string[] words = [.. CommandLineParser.SplitCommandLine(example)];
            Assert.Equal(["hymba-train", name], words[..2]);
            Assert.Empty(Root().Parse(words[1..]).Errors);
        }
    }

    private static ToolRoot Root() =>
        TrainTool.Root(Terminal.Of(TextReader.Null, TextWriter.Null, TextWriter.Null, new Interrupts()), (_, _, _) => Task.CompletedTask);
}
