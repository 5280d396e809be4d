using System.Globalization;
using System.Text.Json;
using HymbaSharp.Generation;

namespace HymbaSharp.Server.Api;

/// <summary>The members of a request that say how to choose tokens and when to stop.</summary>
internal static class SamplingFields
{
    public static GenerationOptions Read(RequestFields fields)
    {
        GenerationOptions defaults = new() { DraftTokens = 0 };
        return defaults with
        {
            MaxTokens = fields.Whole("max_completion_tokens") ?? fields.Whole("max_tokens"),
            Temperature = fields.Number("temperature") ?? defaults.Temperature,
            TopK = fields.Whole("top_k") is { } k ? Math.Max(0, k) : defaults.TopK,
            TopP = fields.Number("top_p") ?? defaults.TopP,
            MinP = fields.Number("min_p") ?? defaults.MinP,
            RepetitionPenalty = fields.Number("repeat_penalty") ?? fields.Number("repetition_penalty") ?? defaults.RepetitionPenalty,
            PresencePenalty = fields.Number("presence_penalty") ?? defaults.PresencePenalty,
            FrequencyPenalty = fields.Number("frequency_penalty") ?? defaults.FrequencyPenalty,
            PenaltyWindow = PenaltyWindow(fields, defaults),
            Seed = Seed(fields),
            LogitBias = Biases(fields),
            StopStrings = fields.Texts("stop"),
            IgnoreEndOfText = fields.Flag("ignore_eos") ?? false,
        };
    }

    // OpenAI's penalties count the whole text; llama.cpp's repeat_penalty the last tokens.
    private static int? PenaltyWindow(RequestFields fields, GenerationOptions defaults) =>
        fields.Whole("repeat_last_n") is { } window ? (window < 0 ? null : Math.Max(1, window))
        : fields.Member("presence_penalty") is null && fields.Member("frequency_penalty") is null ? defaults.PenaltyWindow : null;

    private static ulong? Seed(RequestFields fields)
    {
        if (fields.Member("seed") is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long seed))
            return seed == -1 ? null : unchecked((ulong)seed);
        return value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong large) ? large : throw RequestFields.Wrong("seed", value, "a whole number");
    }

    private static Dictionary<int, float> Biases(RequestFields fields)
    {
        Dictionary<int, float> biases = [];
        if (fields.Object("logit_bias") is not { } members)
            return biases;
        foreach (JsonProperty member in members.Body.EnumerateObject())
        {
            if (!int.TryParse(member.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || members.Number(member.Name) is not { } bias)
                throw ApiException.Invalid($"'logit_bias' holds '{member.Name}'; token ids with numbers from -100 to 100 are needed.", "logit_bias");
            if (bias is < -100 or > 100)
                throw ApiException.Invalid($"'logit_bias' of token {id} is {bias}; -100 to 100 is allowed.", "logit_bias");
            // At the ends of the scale a token is excluded, or the only one, as OpenAI has it.
            biases[id] = bias == -100 ? float.NegativeInfinity : bias;
        }
        return biases;
    }
}
