using System.CommandLine;
using HymbaSharp.Chat;
using HymbaSharp.Cli.Chatting;
using HymbaSharp.Cli.Options;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Commands;

/// <summary>A chat of several turns.</summary>
internal sealed class ChatCommand : ToolCommand
{
    private readonly Option<bool> _verbose;
    private readonly BeginningOptions _beginning;
    private readonly ModelOptions _model;
    private readonly SamplingOptions _sampling;

    private readonly Option<string?> _fromState = new("--from-state", "--baked") { Description = "Go on with a chat that /save wrote, or begin with what 'hymba bake' did; nothing is computed again.", HelpName = "FILE" };

    public ChatCommand(Terminal terminal, Option<bool> verbose) : base("chat", "Chats with a model; piped input is a turn on each line, and the replies alone come out.", terminal)
    {
        _verbose = verbose;
        _beginning = new BeginningOptions(this);
        Add(_fromState);
        _sampling = new SamplingOptions(this);
        _model = new ModelOptions(this);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba chat -m nvidia/Hymba-1.5B-Instruct --pull",
        "hymba chat --system \"You are a patient teacher\" --temp 0.5 --verbose",
        "hymba chat --context handbook.txt --tools functions.json",
        "printf 'My name is Ann\\nWhat is my name?\\n' | hymba chat --temp 0",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        GenerationOptions options = _sampling.Read(line);
        ConversationOptions begin = _beginning.Read(line);
        using HymbaModel model = await _model.LoadAsync(line, Terminal, cancellationToken);
        using Conversation conversation = new(model, begin);
        if (line.GetValue(_fromState) is { } state)
        {
            conversation.Load(state);
            // What the command line says comes before what was saved.
            conversation.Options = conversation.Options with
            {
                System = begin.System ?? conversation.Options.System,
                Contexts = begin.Contexts.Count > 0 ? begin.Contexts : conversation.Options.Contexts,
                Tools = begin.Tools.Count > 0 ? begin.Tools : conversation.Options.Tools,
            };
        }
        bool edits = Terminal.InputIsInteractive && Terminal.ErrorConsole.Profile.Capabilities.Ansi;
        ILineSource lines = edits ? LineEditor.OfProcess(Terminal.Error) : new PlainLines(Terminal);
        await new ChatLoop(Terminal, conversation, options, lines) { ShowsStatistics = line.GetValue(_verbose) }.RunAsync(cancellationToken);
    }
}
