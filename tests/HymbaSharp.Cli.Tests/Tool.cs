// The environment is the process's: what one test sets, no other may see.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace HymbaSharp.Cli.Tests;

/// <summary>A command line and what came of it.</summary>
internal sealed record Outcome(int Code, string Output, string Error)
{
    /// <summary>The output of a command that must have gone well.</summary>
    public string Success
    {
        get
        {
            Assert.True(Code == 0, $"exit code {Code}: {Error}");
            return Output;
        }
    }

    /// <summary>The one line on standard error of a command that must have failed, without a result.</summary>
    public string Failure(int code = ToolRunner.Failed)
    {
        Assert.Equal(code, Code);
        Assert.Equal("", Output);
        string line = Error.TrimEnd('\n');
        Assert.DoesNotContain('\n', line);
        Assert.StartsWith("hymba: ", line, StringComparison.Ordinal);
        return line["hymba: ".Length..];
    }
}

/// <summary>Runs the tool inside this process.</summary>
internal static class Tool
{
    public static Outcome Run(params string[] args) => RunWith("", args);

    public static Outcome RunWith(string input, params string[] args) => RunAsync(input, new Interrupts(), args).GetAwaiter().GetResult();

    public static async Task<Outcome> RunAsync(string input, Interrupts interrupts, params string[] args)
    {
        using StringReader reader = new(input);
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = await HymbaTool.RunAsync(args, Terminal.Of(reader, output, error, interrupts)).WaitAsync(TimeSpan.FromSeconds(60));
        return new Outcome(code, output.ToString(), error.ToString());
    }
}
