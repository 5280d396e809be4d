namespace HymbaSharp.Cli.Chatting;

/// <summary>Where a chat's lines come from.</summary>
internal interface ILineSource
{
    /// <summary>The next line, or null at the end of the input.</summary>
    Task<string?> ReadAsync(string prompt, CancellationToken cancellationToken);
}

/// <summary>Lines of a file, a pipe, or a terminal too simple to edit on.</summary>
internal sealed class PlainLines(Terminal terminal) : ILineSource
{
    public async Task<string?> ReadAsync(string prompt, CancellationToken cancellationToken)
    {
        if (terminal.InputIsInteractive)
            await terminal.Error.WriteAsync(prompt);
        // Off this thread, for reading from a terminal cannot be cancelled.
        return await Task.Run(terminal.Input.ReadLine, cancellationToken).WaitAsync(cancellationToken);
    }
}
