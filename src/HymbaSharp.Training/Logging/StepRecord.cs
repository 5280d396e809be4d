using System.Text;
using System.Text.Json;

namespace HymbaSharp.Training.Logging;

/// <summary>What is known after a step of training, or after an evaluation between two steps. What was not measured is null.</summary>
internal sealed record StepRecord
{
    // The one list of what a record holds beside its step: names in files, and where the values are.
    private static readonly (string Name, Func<StepRecord, double?> Value)[] Known =
    [
        ("tokens", record => record.Tokens),
        ("seconds", record => record.Seconds),
        ("loss", record => record.Loss),
        ("learning_rate", record => record.LearningRate),
        ("gradient_norm", record => record.GradientNorm),
        ("tokens_per_second", record => record.TokensPerSecond),
        ("mfu", record => record.Mfu),
    ];

    /// <summary>Steps done, from 0.</summary>
    public required long Step { get; init; }

    /// <summary>Tokens trained on so far, those before a resume included.</summary>
    public required long Tokens { get; init; }

    /// <summary>Seconds of training so far, those before a resume included.</summary>
    public required double Seconds { get; init; }

    /// <summary>The loss that is trained on, mean over the tokens or pairs of the step.</summary>
    public double? Loss { get; init; }

    /// <summary>The learning rate of the step.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The norm of the gradient over all parameters, before it is clipped.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>Tokens trained on per second, since the record before.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Model FLOPs utilisation (Chowdhery et al. 2022): the share of the device's peak that the model's own operations reach, 0 to 1.</summary>
    public double? Mfu { get; init; }

    /// <summary>Further values by name, as <c>eval_loss</c> or <c>reward_accuracy</c>: lower case, words joined by <c>_</c>.</summary>
    public IReadOnlyDictionary<string, double> Extras { get; init; } = new Dictionary<string, double>();

    /// <summary>Every value with its name, the unknown ones left out.</summary>
    public IEnumerable<(string Name, double Value)> Values => Known
        .Where(known => known.Value(this) is not null).Select(known => (known.Name, known.Value(this)!.Value))
        .Concat(Extras.Select(extra => (extra.Key, extra.Value)));

    /// <summary>The record as a JSON object on one line, without a line break. JSON has no NaN and no infinities: they become null.</summary>
    /// <exception cref="ArgumentException">An extra has the name of another value.</exception>
    public string ToJson()
    {
        if (Extras.Keys.FirstOrDefault(name => name == "step" || Known.Any(known => known.Name == name)) is { } taken)
            throw new ArgumentException($"An extra is named {taken}, which every record has.");
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line))
        {
            json.WriteStartObject();
            json.WriteNumber("step", Step);
            foreach ((string name, double value) in Values)
            {
                if (!double.IsFinite(value))
                    json.WriteNull(name);
                else if (name == "tokens")
                    json.WriteNumber(name, Tokens);
                else
                    json.WriteNumber(name, value);
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(line.ToArray());
    }

    /// <summary>Reads what <see cref="ToJson"/> writes; null becomes NaN.</summary>
    /// <exception cref="JsonException">It is no JSON object of numbers, or it has no step.</exception>
    public static StepRecord Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("expected a JSON object");
        Dictionary<string, double> values = [];
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            values[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.Number => property.Value.GetDouble(),
                JsonValueKind.Null => double.NaN,
                _ => throw new JsonException($"{property.Name} is {property.Value.GetRawText()}; expected a number"),
            };
        }
        if (!values.TryGetValue("step", out double step) || step != Math.Floor(step) || step < 0)
            throw new JsonException("there is no step");
        double? Value(string name) => values.TryGetValue(name, out double value) ? value : null;
        return new StepRecord
        {
            Step = (long)step,
            Tokens = (long)(Value("tokens") ?? 0),
            Seconds = Value("seconds") ?? 0,
            Loss = Value("loss"),
            LearningRate = Value("learning_rate"),
            GradientNorm = Value("gradient_norm"),
            TokensPerSecond = Value("tokens_per_second"),
            Mfu = Value("mfu"),
            Extras = values.Where(pair => pair.Key != "step" && !Known.Any(known => known.Name == pair.Key)).ToDictionary(),
        };
    }
}
