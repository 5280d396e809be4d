using System.CommandLine;
using System.CommandLine.Invocation;

namespace HymbaSharp.Demo.Commands;

/// <summary>The program's commands, and how they end.</summary>
internal static class DemoCommands
{
    private const int Interrupted = 130; // 128 + SIGINT

    /// <summary>Runs a command line. Errors become one line.</summary>
    /// <returns>The exit code: 0 where all went well, 1 where not, 2 for a wrong command line, 130 after Ctrl-C.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, TextWriter output, TextWriter error)
    {
        RootCommand root = new("Writes the corpus of models/hymba-demo and measures models on it.")
        {
            new CorpusCommand(error),
            new EvaluateCommand(output),
            new MistakesCommand(error),
        };
        try
        {
            ParseResult line = root.Parse(args);
            if (line.Errors.Count > 0 && line.Action is ParseErrorAction)
                throw new UsageException(line.Errors[0].Message);
            return await line.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error });
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (Exception problem) when (problem is HymbaException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"hymba-demo: {problem.Message.ReplaceLineEndings(" ")}");
            return problem is UsageException ? 2 : 1;
        }
    }
}
