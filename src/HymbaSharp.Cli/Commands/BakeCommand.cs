using System.CommandLine;
using HymbaSharp.Chat;
using HymbaSharp.Cli.Options;

namespace HymbaSharp.Cli.Commands;

/// <summary>Computes what conversations begin with, once for all.</summary>
internal sealed class BakeCommand : ToolCommand
{
    private readonly BeginningOptions _beginning;
    private readonly ModelOptions _model;
    private readonly Option<string?> _output = new("--output", "-o") { Description = "The file to write; needed.", HelpName = "FILE" };

    public BakeCommand(Terminal terminal) : base("bake", "Computes what chats begin with once, for them to start from.", terminal)
    {
        _beginning = new BeginningOptions(this);
        Add(_output);
        _model = new ModelOptions(this);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba bake --system \"You are a patient teacher\" --context handbook.txt -o teacher.state",
        "hymba bake --system \"You may call tools.\" --tools functions.json -o tools.state",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string output = line.GetValue(_output) ?? throw new UsageException("-o is missing: name the file to write.");
        ConversationOptions beginning = _beginning.Read(line);
        if (beginning is { System: null, Tools.Count: 0, Contexts.Count: 0 })
            throw new UsageException("There is nothing to bake: give --system, --tools or --context.");
        using HymbaModel model = await _model.LoadAsync(line, Terminal, cancellationToken);
        using Conversation conversation = new(model, beginning);
        int tokens = await conversation.PrepareAsync(cancellationToken);
        conversation.Save(output);
        await Terminal.Error.WriteLineAsync($"{output}: {tokens} tokens, {Sizes.Bytes(new FileInfo(output).Length)}.");
    }
}
