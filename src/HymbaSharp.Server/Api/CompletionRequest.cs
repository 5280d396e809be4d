using System.Text.Json;
using HymbaSharp.Batching;
using HymbaSharp.Generation;

namespace HymbaSharp.Server.Api;

/// <summary>What a request to complete texts asks for.</summary>
internal sealed record CompletionRequest
{
    public const int MaxPrompts = 256;

    public required IReadOnlyList<int[]> Prompts { get; init; }

    public required GenerationOptions Options { get; init; }

    public int Replies { get; init; } = 1;

    /// <summary>Whether the prompt stands before the reply.</summary>
    public bool Echoes { get; init; }

    public bool Streams { get; init; }

    public bool StreamsUsage { get; init; }

    /// <summary>What the engine is asked for a prompt.</summary>
    public EngineRequest Of(int[] prompt) => new()
    {
        Prompt = prompt,
        Options = Options,
        Replies = Replies,
        ContinuesText = true,
        PromptLogProbabilities = Echoes ? Options.LogProbabilities : null,
    };

    public static CompletionRequest Read(RequestFields fields, ServedModel model)
    {
        if (fields.Member("suffix") is not null)
            throw ApiException.Invalid("'suffix' is not supported: this family of models completes at the end alone.", "suffix");
        int replies = fields.Whole("n") ?? 1;
        if (fields.Whole("best_of") is { } best && best != replies)
            throw ApiException.Invalid($"'best_of' is {best}; only the value of 'n', {replies}, is supported.", "best_of");
        return new CompletionRequest
        {
            Prompts = ReadPrompts(fields.Member("prompt") ?? throw ApiException.Invalid("'prompt' is missing.", "prompt"), model),
            Options = SamplingFields.Read(fields) with
            {
                MaxTokens = fields.Whole("max_tokens") ?? 16,
                LogProbabilities = LogProbabilities(fields),
                Constraint = ReplyForm.Read(fields)?.Compile(model, continuesText: true),
            },
            Replies = replies,
            Echoes = fields.Flag("echo") ?? false,
            Streams = fields.Flag("stream") ?? false,
            StreamsUsage = fields.Object("stream_options")?.Flag("include_usage") ?? false,
        };
    }

    // A number, or true as some clients send it.
    private static int? LogProbabilities(RequestFields fields) => fields.Member("logprobs") is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => null,
        _ => fields.Whole("logprobs"),
    };

    public static List<int[]> ReadPrompts(JsonElement prompt, ServedModel model, string name = "prompt")
    {
        bool IsAll(JsonValueKind kind) => prompt.EnumerateArray().All(element => element.ValueKind == kind);
        if (prompt.ValueKind == JsonValueKind.String)
            return [Encode(prompt)];
        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
            throw RequestFields.Wrong(name, prompt, "a string, an array of strings, of token ids, or of arrays of token ids, none of them empty");
        if (IsAll(JsonValueKind.Number))
            return [Ids(prompt)];
        if (prompt.GetArrayLength() > MaxPrompts)
            throw ApiException.Invalid($"'{name}' has {prompt.GetArrayLength()} elements; at most {MaxPrompts} are allowed.", name);
        if (IsAll(JsonValueKind.String))
            return [.. prompt.EnumerateArray().Select(Encode)];
        if (IsAll(JsonValueKind.Array))
            return [.. prompt.EnumerateArray().Select(Ids)];
        throw RequestFields.Wrong(name, prompt, "a string, an array of strings, of token ids, or of arrays of token ids");

        int[] Encode(JsonElement text) => model.Tokenizer.Encode(RequestFields.TextOf(text, name), addBos: model.Tokenizer.AddBosToken);
    }

    private static int[] Ids(JsonElement ids)
    {
        List<int> read = new(ids.GetArrayLength());
        foreach (JsonElement id in ids.EnumerateArray())
            read.Add(id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) ? value : throw RequestFields.Wrong("prompt", id, "token ids, which are whole numbers"));
        return [.. read];
    }
}
