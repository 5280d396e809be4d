using System.CommandLine;
using System.Globalization;
using HymbaSharp.Generation;

namespace HymbaSharp.Cli.Options;

/// <summary>The options that say how text is generated, under llama.cpp's names.</summary>
internal sealed class SamplingOptions
{
    private static readonly GenerationOptions Defaults = new();

    private readonly Option<int?> _count = NumberOption.Of<int>("--n-predict", "The most tokens to generate, 0 or more; -1 is up to the context's end. Default: -1.", "-n");
    private readonly Option<float?> _temperature = NumberOption.Of<float>("--temp", $"Temperature, 0 or more: lower is more predictable, 0 always takes the most probable token. Default: {Defaults.Temperature}.");
    private readonly Option<int?> _topK = NumberOption.Of<int>("--top-k", $"Choose among this many most probable tokens; 0 is off. Default: {Defaults.TopK}.");
    private readonly Option<float?> _topP = NumberOption.Of<float>("--top-p", $"Choose among the most probable tokens that together reach this probability, 0 to 1; 1 is off. Default: {Defaults.TopP}.");
    private readonly Option<float?> _minP = NumberOption.Of<float>("--min-p", $"Leave out tokens less probable than this share of the most probable one, 0 to 1; 0 is off. Default: {Defaults.MinP}.");
    private readonly Option<float?> _repeat = NumberOption.Of<float>("--repeat-penalty", $"Divide the logits of tokens that occurred, above 0; 1 is off. Default: {Defaults.RepetitionPenalty}.");
    private readonly Option<float?> _presence = NumberOption.Of<float>("--presence-penalty", "Subtract this from the logits of tokens generated before, -2 to 2; 0 is off. Default: 0.");
    private readonly Option<float?> _frequency = NumberOption.Of<float>("--frequency-penalty", "Subtract this once for each time a token was generated, -2 to 2; 0 is off. Default: 0.");
    private readonly Option<int?> _window = NumberOption.Of<int>("--repeat-last-n", $"How many of the last tokens the penalties look at; -1 is all. Default: {Defaults.PenaltyWindow}.");
    private readonly Option<ulong?> _seed = NumberOption.Of<ulong>("--seed", "Makes the random choices repeatable, 0 or more. Default: a new one each time.", "-s");
    private readonly Option<int?> _draft = NumberOption.Of<int>(
        "--draft", $"Tokens to guess from the text so far and check in one step, 0 to {GenerationOptions.MaxDraftTokens}; 0 is off. The text stays the same. Default: {Defaults.DraftTokens}.");
    private readonly Option<bool> _ignoreEnd = new("--ignore-eos") { Description = "Go on where the model would end the text." };

    private readonly Option<string[]> _stop = new("--stop", "-r")
    {
        Description = "End the text before this; may be given several times.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<KeyValuePair<int, float>[]> _bias = new("--logit-bias")
    {
        Description = "Add to a token's logit, as in 15043+1.5 or 15043-inf, which forbids it; may be given several times.",
        HelpName = "ID±N",
        CustomParser = result =>
        {
            List<KeyValuePair<int, float>> biases = [];
            foreach (string text in result.Tokens.Select(token => token.Value))
            {
                if (ParseBias(text) is { } bias)
                    biases.Add(bias);
                else
                    result.AddError($"--logit-bias is '{text}'; expected a token id, + or -, and a number, as in 15043-1");
            }
            return [.. biases];
        },
    };

    public SamplingOptions(Command command)
    {
        foreach (Option option in (Option[])[_count, _temperature, _topK, _topP, _minP, _seed, _stop, _repeat, _presence, _frequency, _window, _bias, _draft, _ignoreEnd])
            command.Add(option);
    }

    /// <summary>The options as the library takes them, checked as far as they can be without a model.</summary>
    /// <exception cref="GenerationOptionsException">One is out of its range.</exception>
    public GenerationOptions Read(ParseResult line)
    {
        GenerationOptions options = new()
        {
            MaxTokens = line.GetValue(_count) is int count and not -1 ? count : null,
            Temperature = line.GetValue(_temperature) ?? Defaults.Temperature,
            TopK = line.GetValue(_topK) ?? Defaults.TopK,
            TopP = line.GetValue(_topP) ?? Defaults.TopP,
            MinP = line.GetValue(_minP) ?? Defaults.MinP,
            RepetitionPenalty = line.GetValue(_repeat) ?? Defaults.RepetitionPenalty,
            PresencePenalty = line.GetValue(_presence) ?? Defaults.PresencePenalty,
            FrequencyPenalty = line.GetValue(_frequency) ?? Defaults.FrequencyPenalty,
            PenaltyWindow = line.GetValue(_window) switch { null => Defaults.PenaltyWindow, -1 => null, int window => window },
            DraftTokens = line.GetValue(_draft) ?? Defaults.DraftTokens,
            Seed = line.GetValue(_seed),
            StopStrings = line.GetValue(_stop)!,
            IgnoreEndOfText = line.GetValue(_ignoreEnd),
            LogitBias = (line.GetValue(_bias) ?? []).GroupBy(bias => bias.Key).ToDictionary(group => group.Key, group => group.Last().Value),
        };
        options.Validate();
        return options;
    }

    private static KeyValuePair<int, float>? ParseBias(string text)
    {
        int sign = text.AsSpan().IndexOfAny('+', '-');
        if (sign < 1 || !int.TryParse(text.AsSpan(0, sign), NumberStyles.None, CultureInfo.InvariantCulture, out int token))
            return null;
        if (text[sign..] == "-inf")
            return new(token, float.NegativeInfinity);
        return float.TryParse(text.AsSpan(sign), NumberStyles.Float, CultureInfo.InvariantCulture, out float bias) && float.IsFinite(bias) ? new(token, bias) : null;
    }
}
