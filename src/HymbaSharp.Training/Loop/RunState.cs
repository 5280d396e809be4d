using System.Text.Json;
using System.Text.Json.Serialization;

namespace HymbaSharp.Training.Loop;

/// <summary>Where a run stands, beside its weights and moments.</summary>
internal sealed record RunState
{
    /// <summary>Steps done.</summary>
    public int Step { get; init; }

    /// <summary>Steps of the optimizer: less than <see cref="Step"/> where the guard left some out.</summary>
    public int OptimizerSteps { get; init; }

    /// <summary>Tokens that passed, meta tokens not counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Seconds of training.</summary>
    public double Seconds { get; init; }

    /// <summary>The epoch, from 0.</summary>
    public int Epoch { get; init; }

    /// <summary>Examples of the epoch that are used up.</summary>
    public long Position { get; init; }

    /// <summary>Steps in a row whose loss or gradient was no number.</summary>
    public int BadSteps { get; init; }

    /// <summary>The least evaluation loss so far.</summary>
    public double? BestLoss { get; init; }

    /// <summary>What the run is: a checkpoint of another run is not resumed.</summary>
    public string Run { get; init; } = "";

    public static RunState Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), RunStateJson.Default.RunState) ?? throw new TrainingException($"{file}: holds null.");
        }
        catch (JsonException error)
        {
            throw new TrainingException($"{file}: not a run's state: {error.Message}", error);
        }
    }

    public void Write(string file) => File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(this, RunStateJson.Default.RunState));
}

[JsonSourceGenerationOptions(WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class RunStateJson : JsonSerializerContext;
