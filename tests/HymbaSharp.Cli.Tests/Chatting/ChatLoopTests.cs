using System.Runtime.InteropServices;
using HymbaSharp.Chat;
using HymbaSharp.Cli.Chatting;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Tests.Chatting;

/// <summary>The chat with a person at the terminal.</summary>
public sealed class ChatLoopTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HymbaModel _model;
    private readonly Conversation _conversation;
    private readonly Interrupts _interrupts = new();
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public ChatLoopTests()
    {
        SmallCheckpoint.Write(_folder);
        _model = HymbaModel.Load(_folder.Path);
        _conversation = new Conversation(_model);
    }

    public void Dispose()
    {
        _conversation.Dispose();
        _model.Dispose();
        _folder.Dispose();
        _interrupts.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Ctrl_C_stops_the_reply_and_not_the_chat()
    {
        using InterruptedWriter output = new(_interrupts, afterWrites: 3);
        await RunAsync(output, new GenerationOptions { IgnoreEndOfText = true, MaxTokens = 1000 }, "abc", "/undo");
        Assert.False(_interrupts.Token.IsCancellationRequested);
        Assert.Contains("interrupted", _error.ToString(), StringComparison.Ordinal);
        // What came is kept as the reply, until it is taken back.
        Assert.Contains("Taken back; 0 messages are left.", _error.ToString(), StringComparison.Ordinal);
        Assert.InRange(output.Writes, 3, 10);
    }

    [Fact]
    public async Task An_error_is_shown_and_the_chat_goes_on()
    {
        using StringWriter output = new();
        await RunAsync(output, new GenerationOptions { MaxTokens = 3 }, "/load nowhere", "/save", new string('a', 5000), "abc");
        string[] errors = [.. _error.ToString().Split('\n').Where(line => line.StartsWith("hymba: ", StringComparison.Ordinal))];
        Assert.Equal(3, errors.Length);
        Assert.Contains("The context holds 2048 tokens", errors[2], StringComparison.Ordinal);
        Assert.Equal(2, _conversation.Messages.Count);
    }

    [Fact]
    public async Task Outside_a_reply_Ctrl_C_is_for_the_program()
    {
        using StringWriter output = new();
        ScriptedLines lines = new("abc") { BeforeEnd = () => _interrupts.Raise(PosixSignal.SIGINT) };
        Terminal terminal = Terminal.Of(TextReader.Null, output, _error, _interrupts, inputIsInteractive: true);
        await new ChatLoop(terminal, _conversation, new GenerationOptions { MaxTokens = 3 }, lines).RunAsync(_interrupts.Token);
        Assert.True(_interrupts.Token.IsCancellationRequested);
    }

    private Task RunAsync(TextWriter output, GenerationOptions options, params string[] lines)
    {
        Terminal terminal = Terminal.Of(TextReader.Null, output, _error, _interrupts, inputIsInteractive: true);
        return new ChatLoop(terminal, _conversation, options, new ScriptedLines(lines)) { ShowsStatistics = true }.RunAsync(_interrupts.Token);
    }

    private sealed class ScriptedLines(params string[] lines) : ILineSource
    {
        private int _next;

        public Action BeforeEnd { get; init; } = () => { };

        public Task<string?> ReadAsync(string prompt, CancellationToken cancellationToken)
        {
            if (_next == lines.Length)
                BeforeEnd();
            return Task.FromResult(_next < lines.Length ? lines[_next++] : null);
        }
    }

    /// <summary>Somebody presses Ctrl-C while the reply is written.</summary>
    private sealed class InterruptedWriter(Interrupts interrupts, int afterWrites) : StringWriter
    {
        public int Writes { get; private set; }

        public override Task WriteAsync(string? value)
        {
            if (++Writes == afterWrites)
                Assert.True(interrupts.Raise(PosixSignal.SIGINT));
            return base.WriteAsync(value);
        }
    }
}
