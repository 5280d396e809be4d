using System.CommandLine;

namespace HymbaSharp.Cli.Options;

/// <summary>Where a command takes its text from: the command line, a file, or standard input.</summary>
internal sealed class TextSource
{
    private readonly Argument<string?> _argument;
    private readonly Option<string?> _prompt = new("--prompt", "-p") { Description = "The text, as an option.", HelpName = "TEXT" };
    private readonly Option<string?> _file = new("--file", "-f") { Description = "Take the text from a file of UTF-8; - is standard input.", HelpName = "FILE" };

    public TextSource(Command command, string description)
    {
        _argument = new("TEXT") { Description = $"{description} Default: standard input.", Arity = ArgumentArity.ZeroOrOne };
        command.Add(_argument);
        command.Add(_prompt);
        command.Add(_file);
    }

    /// <summary>The text, unchanged but for a final line break of a file or of the input where that is to be dropped: editors put it there.</summary>
    /// <exception cref="UsageException">It is given twice.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task<string> ReadAsync(ParseResult line, Terminal terminal, CancellationToken cancellationToken, bool dropsFinalLineBreak = false)
    {
        string? argument = line.GetValue(_argument), prompt = line.GetValue(_prompt), file = line.GetValue(_file);
        if (new[] { argument, prompt, file }.Count(source => source is not null) > 1)
            throw new UsageException("The text is given more than once: as TEXT, with -p or with -f.");
        string? text = argument ?? prompt;
        if (text is not null)
            return text;
        if (file is null && terminal.InputIsInteractive)
            await terminal.Error.WriteLineAsync("Type the text; Ctrl-D on a line of its own ends it.");
        text = file is null or "-" ? await terminal.Input.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(file, cancellationToken);
        return !dropsFinalLineBreak || !text.EndsWith('\n') ? text : text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text[..^1];
    }
}
