using System.Text;
using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace HymbaSharp.CommandLine;

/// <summary>What a command reads and writes: the process's streams, or those of a test.</summary>
internal sealed class Terminal
{
    // Where nobody looks at the width, nothing is wrapped.
    private const int WidthOfFiles = 10_000;

    private Terminal(TextReader input, TextWriter output, TextWriter error, IAnsiConsole console, IAnsiConsole errorConsole, Interrupts interrupts)
    {
        Input = input;
        Output = output;
        Error = error;
        Console = console;
        ErrorConsole = errorConsole;
        Interrupts = interrupts;
    }

    /// <summary>Standard input.</summary>
    public TextReader Input { get; }

    /// <summary>Whether a person types the input.</summary>
    public bool InputIsInteractive { get; init; }

    /// <summary>Standard output: results. Flushed at the command's end; commands that stream flush it themselves.</summary>
    public TextWriter Output { get; }

    /// <summary>Standard error: everything that is no result.</summary>
    public TextWriter Error { get; }

    /// <summary>Standard output for tables and colours; plain where it goes to a file.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Standard error for progress and questions.</summary>
    public IAnsiConsole ErrorConsole { get; }

    /// <summary>Ctrl-C.</summary>
    public Interrupts Interrupts { get; }

    /// <summary>The streams of this process, UTF-8 on every system.</summary>
    public static Terminal OfProcess(Interrupts interrupts)
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        System.Console.OutputEncoding = utf8;
        TextWriter output = System.Console.IsOutputRedirected
            ? new StreamWriter(RedirectedOutput(), utf8, bufferSize: 1 << 16)
            : System.Console.Out;
        TextReader input = System.Console.IsInputRedirected ? new StreamReader(System.Console.OpenStandardInput(), utf8) : System.Console.In;
        return new Terminal(input, output, System.Console.Error, ConsoleOver(output), ConsoleOver(System.Console.Error), interrupts)
        {
            InputIsInteractive = !System.Console.IsInputRedirected,
        };
    }

    /// <summary>Streams of a test.</summary>
    public static Terminal Of(TextReader input, TextWriter output, TextWriter error, Interrupts interrupts, bool inputIsInteractive = false) =>
        new(input, output, error, ConsoleOver(output), ConsoleOver(error), interrupts) { InputIsInteractive = inputIsInteractive };

    private static IAnsiConsole ConsoleOver(TextWriter writer)
    {
        AnsiConsoleOutput destination = new(writer);
        IAnsiConsole console = AnsiConsole.Create(destination.IsTerminal
            ? new AnsiConsoleSettings { Out = destination }
            : new AnsiConsoleSettings { Out = destination, Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        if (!destination.IsTerminal)
        {
            console.Profile.Width = WidthOfFiles;
            console.Profile.Capabilities.Unicode = true;
        }
        return console;
    }

    /// <summary>A pipe is written to directly, for .NET's own stream hides that its reader has gone.</summary>
    private static Stream RedirectedOutput()
    {
        if (!OperatingSystem.IsWindows())
        {
            FileStream pipe = new(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!pipe.CanSeek)
                return pipe;
        }
        return System.Console.OpenStandardOutput();
    }
}
