using HymbaSharp.Chat;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Chatting;

/// <summary>A chat with a person or a pipe: reads turns and commands, shows replies as they come.</summary>
internal sealed class ChatLoop(Terminal terminal, Conversation conversation, GenerationOptions options, ILineSource lines)
{
    private const string Quotes = "\"\"\"";

    private const string Help =
        """
        /help           show this
        /reset          forget all that was said; the system's message stays
        /undo           take back the last question and its answer
        /system [TEXT]  set the system's message; without TEXT remove it
        /save FILE      save the chat with its state
        /load FILE      go on with a saved chat; nothing is computed again
        /stats          switch the line of statistics after each reply on or off
        /exit           leave (also /bye, /quit and Ctrl-D)

        Ctrl-C stops a reply. "" begins a text of several lines, and "" ends it.
        A message that begins with / needs a space in front.
        """;

    private volatile CancellationTokenSource? _reply;
    private GenerationOptions _options = options;

    /// <summary>Whether a line of statistics follows each reply.</summary>
    public bool ShowsStatistics { get; set; }

    /// <summary>Runs until the input ends, or a command ends it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (terminal.InputIsInteractive)
        {
            terminal.Interrupts.Handler = StopReply;
            await terminal.Error.WriteLineAsync("Type a message; /help shows the commands, Ctrl-D leaves.");
        }
        try
        {
            while (await ReadTurnAsync(cancellationToken) is { } turn && await TakeAsync(turn, cancellationToken))
            {
            }
        }
        finally
        {
            terminal.Interrupts.Handler = null;
        }
    }

    private async Task<string?> ReadTurnAsync(CancellationToken cancellationToken)
    {
        string? line = await lines.ReadAsync(">>> ", cancellationToken);
        if (line is null || !line.StartsWith(Quotes, StringComparison.Ordinal))
            return line;
        string text = line[Quotes.Length..];
        while (!text.TrimEnd().EndsWith(Quotes, StringComparison.Ordinal))
        {
            if (await lines.ReadAsync("... ", cancellationToken) is not { } next)
                return text;
            text += "\n" + next;
        }
        return text.TrimEnd()[..^Quotes.Length];
    }

    /// <summary>Deals with a turn; false where it was the last.</summary>
    private async Task<bool> TakeAsync(string turn, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(turn))
            return true;
        try
        {
            if (turn[0] == '/')
                return await ObeyAsync(turn.Trim());
            await ReplyAsync(turn, cancellationToken);
        }
        // A person can try something else; a pipe cannot.
        catch (Exception error) when (terminal.InputIsInteractive && error is HymbaException or IOException or UnauthorizedAccessException)
        {
            await terminal.Error.WriteLineAsync($"hymba: {error.Message.ReplaceLineEndings(" ")}");
        }
        return true;
    }

    private async Task ReplyAsync(string text, CancellationToken cancellationToken)
    {
        using CancellationTokenSource reply = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _reply = reply;
        GenerationUpdate last = new();
        try
        {
            await foreach (GenerationUpdate update in conversation.SendAsync(text, _options, reply.Token))
            {
                await terminal.Output.WriteAsync(update.Text);
                await terminal.Output.FlushAsync(CancellationToken.None);
                last = update;
            }
        }
        finally
        {
            _reply = null;
        }
        await terminal.Output.WriteLineAsync();
        await terminal.Output.FlushAsync(CancellationToken.None);
        if (ShowsStatistics)
            await terminal.Error.WriteLineAsync(GenerationSummary.Of(last));
        cancellationToken.ThrowIfCancellationRequested();
        // The next reply is another draw, still repeatable.
        if (_options.Seed is { } seed)
            _options = _options with { Seed = unchecked(seed + 1) };
    }

    private bool StopReply()
    {
        CancellationTokenSource? reply = _reply;
        reply?.Cancel();
        return reply is not null;
    }

    /// <summary>Does what a command says; false where it is to leave.</summary>
    private async Task<bool> ObeyAsync(string line)
    {
        string[] parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
        string argument = parts.Length > 1 ? parts[1] : "";
        switch (parts[0])
        {
            case "/exit" or "/bye" or "/quit":
                return false;
            case "/help" or "/?":
                await terminal.Error.WriteLineAsync(Help.Replace("\"\"", Quotes, StringComparison.Ordinal));
                break;
            case "/reset" or "/clear":
                conversation.Reset();
                await terminal.Error.WriteLineAsync("All that was said is forgotten.");
                break;
            case "/undo":
                await terminal.Error.WriteLineAsync(conversation.Undo() ? $"Taken back; {conversation.Messages.Count} messages are left." : "There is nothing to take back.");
                break;
            case "/system":
                conversation.Options = conversation.Options with { System = argument.Length > 0 ? argument : null };
                await terminal.Error.WriteLineAsync(argument.Length > 0 ? "The system's message is set." : "There is no system's message now.");
                break;
            case "/save":
                conversation.Save(FileOf(parts[0], argument));
                await terminal.Error.WriteLineAsync($"Saved to {argument}.");
                break;
            case "/load":
                conversation.Load(FileOf(parts[0], argument));
                await terminal.Error.WriteLineAsync($"Loaded {conversation.Messages.Count} messages from {argument}.");
                break;
            case "/stats":
                ShowsStatistics = !ShowsStatistics;
                await terminal.Error.WriteLineAsync($"Statistics are {(ShowsStatistics ? "on" : "off")}.");
                break;
            default:
                await terminal.Error.WriteLineAsync($"There is no command {parts[0]}; /help shows those there are. A message that begins with / needs a space in front.");
                break;
        }
        return true;
    }

    private static string FileOf(string command, string argument) =>
        argument.Length > 0 ? argument : throw new UsageException($"{command} needs a file's name, as in {command} chat.state.");
}
