using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Cli.Options;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Commands;

/// <summary>Goes on from a text, or answers one message.</summary>
internal sealed class GenerateCommand : ToolCommand
{
    private static readonly JsonSerializerOptions Lines = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TextSource _prompt;
    private readonly ModelOptions _model;
    private readonly SamplingOptions _sampling;

    private readonly Option<bool> _chat = new("--chat") { Description = "Take the text for a user's message and answer it, by the model's chat template. Without it the text is continued." };
    private readonly Option<string?> _system = new("--system", "-sys") { Description = "With --chat: the system's message.", HelpName = "TEXT" };
    private readonly Option<int?> _logprobs = NumberOption.Of<int>(
        "--logprobs", $"Write a line for each token: its log-probability, the token, and this many of the most probable ones in its place, 0 to {GenerationOptions.MaxLogProbabilities}.");

    private readonly Option<bool> _json = new("--json") { Description = "Write a JSON object on a line for each piece of text, the last with finish_reason and statistics; for other programs." };
    private readonly Option<string?> _fromState = new("--from-state", "--baked") { Description = "Go on from a state that --save-state, /save in a chat or 'hymba bake' wrote; nothing is computed again.", HelpName = "FILE" };
    private readonly Option<string?> _saveState = new("--save-state") { Description = "Write the state after the text to a file.", HelpName = "FILE" };

    public GenerateCommand(Terminal terminal) : base("generate", "Generates text: continues a prompt, or answers one message with --chat.", terminal)
    {
        _prompt = new TextSource(this, "The prompt. A file's or the input's final line break is dropped.");
        foreach (Option option in (Option[])[_chat, _system])
            Add(option);
        _sampling = new SamplingOptions(this);
        foreach (Option option in (Option[])[_logprobs, _json, _fromState, _saveState])
            Add(option);
        _model = new ModelOptions(this);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba generate -m nvidia/Hymba-1.5B-Base \"The capital of France is\" -n 20",
        "hymba generate -m nvidia/Hymba-1.5B-Instruct --chat \"Write a haiku about rain\" --temp 0.5 --seed 1",
        "hymba generate --chat --system \"Answer in one word\" -f question.txt",
        "hymba generate -p \"Once upon a time\" -n 100 --save-state tale.state",
        "hymba generate -m ./my-checkpoint --adapter ./poet=0.8 \"Once upon a time\"",
        "hymba generate --from-state tale.state -p \"But then\" -n 100",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (line.GetValue(_system) is not null && !line.GetValue(_chat))
            throw new UsageException("--system needs --chat.");
        GenerationOptions options = _sampling.Read(line) with { LogProbabilities = line.GetValue(_logprobs) };
        options.Validate();
        string prompt = await _prompt.ReadAsync(line, Terminal, cancellationToken, dropsFinalLineBreak: true);
        using HymbaModel model = await _model.LoadAsync(line, Terminal, cancellationToken);
        GenerationUpdate last = await (line.GetValue(_chat)
            ? AnswerAsync(line, model, prompt, options, cancellationToken)
            : ContinueAsync(line, model, prompt, options, cancellationToken));
        await Terminal.Error.WriteLineAsync(GenerationSummary.Of(last));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<GenerationUpdate> AnswerAsync(ParseResult line, HymbaModel model, string prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        using Conversation conversation = new(model, new ConversationOptions { System = line.GetValue(_system) });
        if (line.GetValue(_fromState) is { } from)
            conversation.Load(from);
        if (line.GetValue(_system) is { } system)
            conversation.Options = conversation.Options with { System = system };
        GenerationUpdate last = await ShowAsync(line, model, conversation.SendAsync(prompt, options, cancellationToken));
        if (line.GetValue(_saveState) is { } to)
            conversation.Save(to);
        return last;
    }

    private async Task<GenerationUpdate> ContinueAsync(ParseResult line, HymbaModel model, string prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        using HymbaSession session = line.GetValue(_fromState) is { } from ? model.RestoreSession(from) : model.StartSession();
        GenerationUpdate last = await ShowAsync(line, model, session.GenerateAsync(prompt, options, cancellationToken));
        if (line.GetValue(_saveState) is { } to)
        {
            // The last token shown has not passed yet; what goes on from here has to see it.
            if (last.FinishReason is FinishReason.MaxTokens or FinishReason.Cancelled && last.Tokens is [.., int token] && session.Remaining > 0)
                session.Append(token);
            session.Save(to);
        }
        return last;
    }

    private async Task<GenerationUpdate> ShowAsync(ParseResult line, HymbaModel model, IAsyncEnumerable<GenerationUpdate> updates)
    {
        GenerationUpdate last = new();
        await foreach (GenerationUpdate update in updates)
        {
            if (line.GetValue(_json))
                await Terminal.Output.WriteLineAsync(JsonSerializer.Serialize(ToJson(update), Lines));
            else if (line.GetValue(_logprobs) is not null)
                await WriteProbabilitiesAsync(model, update);
            else
                await Terminal.Output.WriteAsync(update.Text);
            await Terminal.Output.FlushAsync(CancellationToken.None);
            last = update;
        }
        if (!line.GetValue(_json) && line.GetValue(_logprobs) is null)
            await Terminal.Output.WriteLineAsync();
        await Terminal.Output.FlushAsync(CancellationToken.None);
        return last;
    }

    private async Task WriteProbabilitiesAsync(HymbaModel model, GenerationUpdate update)
    {
        foreach (TokenLogProbabilities token in update.LogProbabilities)
        {
            string others = string.Join("  ", token.Top.Select(other => $"{Piece(other.Token)} {other.LogProbability:0.000}"));
            await Terminal.Output.WriteLineAsync($"{token.Chosen.LogProbability,8:0.000}  {Piece(token.Chosen.Token),-16}  {others}".TrimEnd());
        }

        string Piece(int token) => model.Tokenizer is { } tokenizer && token < tokenizer.VocabularySize ? tokenizer.Piece(token) : $"{token}";
    }

    private static Dictionary<string, object?> ToJson(GenerationUpdate update)
    {
        Dictionary<string, object?> json = new() { ["text"] = update.Text, ["tokens"] = update.Tokens };
        if (update.LogProbabilities.Count > 0)
        {
            json["logprobs"] = update.LogProbabilities.Select(token => new
            {
                token = token.Chosen.Token,
                logprob = Finite(token.Chosen.LogProbability),
                top = token.Top.Select(other => new { token = other.Token, logprob = Finite(other.LogProbability) }),
            });
        }
        if (update is { FinishReason: { } reason, Statistics: { } statistics })
        {
            json["finish_reason"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());
            json["prompt_tokens"] = statistics.PromptTokens;
            json["generated_tokens"] = statistics.GeneratedTokens;
            json["prompt_seconds"] = statistics.PromptTime.TotalSeconds;
            json["decode_seconds"] = statistics.DecodeTime.TotalSeconds;
        }
        return json;
    }

    // JSON has no infinities.
    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
