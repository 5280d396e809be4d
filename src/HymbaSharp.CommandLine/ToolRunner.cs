using System.CommandLine;
using System.CommandLine.Invocation;

namespace HymbaSharp.CommandLine;

/// <summary>Runs the command lines of a tool, and says how they end.</summary>
internal static class ToolRunner
{
    /// <summary>A command failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Misused = 2;

    private const int BrokenPipe = 141; // 128 + SIGPIPE, as where the signal ends a program
    private const int BrokenPipeError = 32; // EPIPE

    // A prompt may well begin with '@' or '-temp': no response files, no bundles of one-letter options.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    /// <summary>Runs a command line. Errors become one line on standard error.</summary>
    /// <returns>The exit code: 0 where all went well.</returns>
    public static async Task<int> RunAsync(ToolRoot root, IReadOnlyList<string> args, Terminal terminal)
    {
        bool verbose = args.Contains(root.Verbose.Name);
        try
        {
            ParseResult parsed = root.Parse(args, Parsing);
            if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
                throw Misuse(root.Tool, parsed);
            InvocationConfiguration invocation = new()
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = terminal.Output,
                Error = terminal.Error,
            };
            int code = await parsed.InvokeAsync(invocation, terminal.Interrupts.Token);
            await terminal.Output.FlushAsync();
            return code;
        }
        catch (OperationCanceledException) when (terminal.Interrupts.Token.IsCancellationRequested)
        {
            return terminal.Interrupts.ExitCode;
        }
        catch (IOException error) when (error.HResult == BrokenPipeError)
        {
            return BrokenPipe;
        }
        catch (Exception error)
        {
            bool isExpected = error is HymbaException or IOException or UnauthorizedAccessException;
            string message = isExpected || verbose ? error.Message : $"{error.GetType().Name}: {error.Message} (a defect; --verbose shows where)";
            await terminal.Error.WriteLineAsync($"{root.Tool}: {message.ReplaceLineEndings(" ")}");
            if (verbose)
                await terminal.Error.WriteLineAsync(error.ToString());
            return error is UsageException ? Misused : Failed;
        }
    }

    private static UsageException Misuse(string tool, ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string message = (command as ToolCommand)?.Explain(parsed) ?? parsed.Errors[0].Message;
        message = string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        return new UsageException($"{message}. See '{tool} {(command is RootCommand ? "" : $"{command.Name} ")}--help'.");
    }
}
