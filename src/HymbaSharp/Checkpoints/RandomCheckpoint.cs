using System.Collections.Immutable;
using HymbaSharp.Configuration;

namespace HymbaSharp.Checkpoints;

/// <summary>
/// An untrained checkpoint for a configuration, initialised like the original: matrices and embeddings from a normal distribution of deviation
/// <c>initializer_range</c>, norms and skip 1, convolutions uniform within ±1/√K, decays −1 … −N, biases 0 but for the time step's, which is
/// softplus⁻¹ of a step drawn log-uniformly from 0.001 to 0.1. A seed gives the same bytes on every machine.
/// </summary>
public static class RandomCheckpoint
{
    private const int PieceElements = 1 << 18; // even, as the normal distribution is drawn in pairs
    private const int PiecesAtOnce = 16;

    private static readonly double LeastLogStep = CounterRandom.Log(1e-3);
    private static readonly double MostLogStep = CounterRandom.Log(0.1);

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> into a folder, which is created where needed.</summary>
    /// <param name="configFile">The configuration: a file, or a folder that holds a <c>config.json</c>.</param>
    /// <param name="folder">Where the checkpoint goes. It must hold no weights yet.</param>
    /// <param name="seed">What the weights are drawn from.</param>
    /// <param name="type">F32, F16 or BF16; the configuration's <c>torch_dtype</c> where null.</param>
    /// <param name="progress">Told the fraction that is written, from 0 to 1.</param>
    /// <param name="cancellationToken">Stops the work and leaves no weights behind.</param>
    /// <exception cref="HymbaConfigException">The configuration cannot be read or is not supported.</exception>
    /// <exception cref="CheckpointException">The type is not one of weights, the folder holds weights, or cannot be written.</exception>
    public static void Write(
        string configFile, string folder, ulong seed, ElementType? type = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        string file = HymbaConfig.FileAt(configFile);
        byte[] json = HymbaConfig.ReadFile(file);
        var config = HymbaConfig.Parse(json, file);
        var stored = type ?? NewCheckpoint.StoredType(config.StoredType)
            ?? throw new CheckpointException($"{file}: torch_dtype is {config.StoredType}; weights are bfloat16, float16 or float32.");
        if (!stored.IsWeight())
            throw new CheckpointException($"{stored.Name()} was asked for; weights are F32, F16 or BF16.");
        NewCheckpoint.RefuseWeights(folder);
        try
        {
            _ = Directory.CreateDirectory(folder);
            WriteWeights(config, Path.Combine(folder, Checkpoint.FileName), seed, stored, progress, cancellationToken);
            string target = Path.Combine(folder, HymbaConfig.FileName);
            bool retyped = NewCheckpoint.StoredType(config.StoredType) != stored;
            if (retyped || Path.GetFullPath(target) != Path.GetFullPath(file))
                File.WriteAllBytes(target, retyped ? NewCheckpoint.WithStoredType(json, stored) : json);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder}: cannot be written: {error.Message}", error);
        }
    }

    private static void WriteWeights(
        HymbaConfig config, string path, ulong seed, ElementType type, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        ImmutableArray<TensorInfo> tensors = [.. TensorNames.Expected(config).Select(tensor => new TensorInfo(tensor.Name, type, [.. tensor.Shape]))];
        long total = tensors.Sum(tensor => tensor.ElementCount), done = 0;
        float[] values = new float[(int)Math.Min(PieceElements * PiecesAtOnce, tensors.Max(tensor => tensor.ElementCount))];
        byte[] bytes = new byte[values.Length * type.Size()];

        using var writer = new SafetensorsWriter(path, tensors);
        foreach (var tensor in tensors)
        {
            var draw = Initialisation(config, tensor.Name, new CounterRandom(seed, tensor.Name));
            for (long start = 0; start < tensor.ElementCount; start += values.Length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count = (int)Math.Min(values.Length, tensor.ElementCount - start);
                _ = Parallel.For(0, (count + PieceElements - 1) / PieceElements, piece =>
                {
                    int first = piece * PieceElements, length = Math.Min(PieceElements, count - first);
                    var drawn = values.AsSpan(first, length);
                    draw(drawn, start + first);
                    ElementTypes.FromSingles(drawn, type, bytes.AsSpan(first * type.Size(), length * type.Size()));
                });
                writer.Write(tensor.Name, bytes.AsSpan(0, count * type.Size()));
                done += count;
                progress?.Report((double)done / total);
            }
        }
        writer.Complete();
    }

    private delegate void Draw(Span<float> values, long start);

    private static Draw Initialisation(HymbaConfig config, string name, CounterRandom random)
    {
        string[] parts = name.Split('.');
        return (parts[^2], parts[^1]) switch
        {
            ("D", _) => (values, _) => values.Fill(1),
            ("A_log", _) => (values, start) => LogOfDecay(values, start, config.StateSize),
            ("conv1d", "weight") => (values, start) => random.Uniform(values, start, 1 / Math.Sqrt(config.ConvolutionWidth)),
            (_, "bias") when parts.Contains("dt_proj") => (values, start) => TimeStepBias(values, start, random),
            (_, "bias") => (values, _) => values.Clear(),
            (var layer, _) when layer.Contains("norm", StringComparison.Ordinal) => (values, _) => values.Fill(1),
            _ => (values, start) => random.Normal(values, start, config.InitializerRange),
        };
    }

    private static void LogOfDecay(Span<float> values, long start, int stateSize)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)CounterRandom.Log(((start + i) % stateSize) + 1);
    }

    /// <summary>softplus⁻¹(Δ) = log(exp(Δ) − 1). The original's floor on Δ, 1e-4, lies below the range it draws from.</summary>
    private static void TimeStepBias(Span<float> values, long start, CounterRandom random)
    {
        for (int i = 0; i < values.Length; i++)
        {
            double step = CounterRandom.Exp(LeastLogStep + (random.Fraction(start + i) * (MostLogStep - LeastLogStep)));
            values[i] = (float)CounterRandom.Log(CounterRandom.Exp(step) - 1);
        }
    }
}
