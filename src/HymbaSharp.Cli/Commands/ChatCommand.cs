using System.CommandLine;
using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Cli.Chatting;
using HymbaSharp.Cli.Options;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Commands;

/// <summary>A chat of several turns.</summary>
internal sealed class ChatCommand : ToolCommand
{
    private readonly Option<bool> _verbose;
    private readonly ModelOptions _model;
    private readonly SamplingOptions _sampling;

    private readonly Option<string?> _system = new("--system", "-sys") { Description = "The system's message.", HelpName = "TEXT" };
    private readonly Option<string[]> _contexts = new("--context") { Description = "A text file that the model answers from; may be given several times.", HelpName = "FILE", DefaultValueFactory = _ => [] };
    private readonly Option<string?> _tools = new("--tools") { Description = "A JSON file: an array of the functions that the model may call. Its calls are shown as it writes them.", HelpName = "FILE" };
    private readonly Option<string?> _fromState = new("--from-state") { Description = "Go on with a chat that /save wrote; nothing is computed again.", HelpName = "FILE" };

    public ChatCommand(Terminal terminal, Option<bool> verbose) : base("chat", "Chats with a model; piped input is a turn on each line, and the replies alone come out.", terminal)
    {
        _verbose = verbose;
        foreach (Option option in (Option[])[_system, _contexts, _tools, _fromState])
            Add(option);
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
        ConversationOptions begin = new()
        {
            System = line.GetValue(_system),
            Contexts = [.. line.GetValue(_contexts)!.Select(file => File.ReadAllText(file))],
            Tools = line.GetValue(_tools) is { } tools ? ReadTools(tools) : [],
        };
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

    private static JsonElement[] ReadTools(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement[]>(File.ReadAllBytes(file)) ?? throw new UsageException($"{file}: expected a JSON array of functions, not null.");
        }
        catch (JsonException error)
        {
            throw new UsageException($"{file}: expected a JSON array of functions: {error.Message}");
        }
    }
}
