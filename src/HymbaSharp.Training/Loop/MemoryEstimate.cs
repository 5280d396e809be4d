using HymbaSharp.CommandLine;
using HymbaSharp.Configuration;
using HymbaSharp.Training.Twin;

namespace HymbaSharp.Training.Loop;

/// <summary>What a run needs of memory, before it begins: weights, gradients, moments, and what a part of a step keeps for its backward pass.</summary>
/// <param name="Weights">Bytes of all weights.</param>
/// <param name="Training">Bytes of gradients and both moments.</param>
/// <param name="Activations">Bytes of the largest part's activations and logits.</param>
internal sealed record MemoryEstimate(long Weights, long Training, long Activations)
{
    private const int Runtime = 500 << 20; // the tensor library and the process itself

    /// <summary>All together.</summary>
    public long Total => Weights + Training + Activations + Runtime;

    /// <summary>Of a run.</summary>
    /// <param name="config">The model.</param>
    /// <param name="parameters">Its weights, those that are trained marked.</param>
    /// <param name="models">How many models are in memory: two where a reference is.</param>
    /// <param name="rows">Rows of the largest part, meta tokens included.</param>
    /// <param name="checkpoints">Whether layers are computed again.</param>
    public static MemoryEstimate Of(HymbaConfig config, TwinParameters parameters, int models, long rows, bool checkpoints)
    {
        long bytes = parameters.Type == TorchSharp.torch.ScalarType.Float64 ? 8 : 4;
        long weights = config.ParameterCount * bytes * models, trained = parameters.Trained.Sum(parameter => parameter.Value.numel());
        // Per row: streams, queries, keys and values; s, c, Δ, gate, both branches, their mean and its projection's input; the MLP's three; states between chunks.
        long layer = (5L * config.HiddenSize) + (2L * config.KeyValueHeads * (config.KeyHeadSize + config.ValueHeadSize)) + (8L * config.InnerSize)
            + (3L * config.IntermediateSize) + ((long)config.InnerSize * config.StateSize / Kernels.ScanKernel.ChunkRows);
        long kept = checkpoints ? ((long)config.LayerCount * config.HiddenSize) + layer : config.LayerCount * layer;
        // A backward pass holds gradients of about a layer beside what is kept; logits stand there with their gradient.
        return new(weights, trained * bytes * 3, rows * bytes * (kept + layer + (2L * config.VocabularySize)));
    }

    /// <exception cref="TrainingException">The machine has less left.</exception>
    public void Require(long available)
    {
        if (Total > available)
        {
            throw new TrainingException(
                $"The run needs about {Sizes.Bytes(Total)} of memory: {Sizes.Bytes(Weights)} weights, {Sizes.Bytes(Training)} gradients and moments, {Sizes.Bytes(Activations)} activations; "
                + $"{Sizes.Bytes(available)} are free. Lower optimizer.micro_batch_tokens, set optimizer.activation_checkpointing, or train an adapter.");
        }
    }

    /// <summary>Memory that the processor has free for this process.</summary>
    public static long Available()
    {
        long limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (!File.Exists("/proc/meminfo"))
            return limit;
        string? line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line is null ? limit : Math.Min(limit, 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
