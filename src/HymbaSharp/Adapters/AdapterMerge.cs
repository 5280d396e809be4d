using System.Collections.Immutable;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Weights;

namespace HymbaSharp.Adapters;

/// <summary>Writes a checkpoint that computes what a model with adapters computes, and needs no adapters.</summary>
public static class AdapterMerge
{
    private const int PieceElements = 1 << 22;

    /// <summary>
    /// Writes config.json, the tokenizer's files and <c>model.safetensors</c> in the published layout. Each matrix is computed in float64 and rounded
    /// once, so a 16-bit type keeps of the adapters what its 8 or 11 bits can hold. The weights appear last and whole.
    /// </summary>
    /// <param name="modelFolder">The model the adapters are for.</param>
    /// <param name="adapters">One or more, in the order in which they apply.</param>
    /// <param name="outputFolder">Where the checkpoint goes, created where needed. It must hold no weights yet.</param>
    /// <param name="type">F32, F16 or BF16; null: each tensor keeps the type it has in the model.</param>
    /// <param name="progress">Told the fraction that is written, from 0 to 1.</param>
    /// <param name="cancellationToken">Stops the work and leaves no weights behind.</param>
    /// <exception cref="HymbaConfigException">The model's configuration cannot be read or is not supported.</exception>
    /// <exception cref="CheckpointException">The model can't be read, the type is not one of weights, the folder holds weights, or cannot be written.</exception>
    /// <exception cref="AdapterException">There is no adapter, or one cannot be read, is not supported or does not fit the model.</exception>
    public static void Write(
        string modelFolder,
        IReadOnlyList<AdapterReference> adapters,
        string outputFolder,
        ElementType? type = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        if (adapters.Count == 0)
            throw new AdapterException($"{modelFolder}: no adapter to merge is given.");
        if (type is { } asked && !asked.IsWeight())
            throw new CheckpointException($"{asked.Name()} was asked for; weights are F32, F16 or BF16.");
        NewCheckpoint.RefuseWeights(outputFolder);
        string configFile = Path.Combine(modelFolder, HymbaConfig.FileName);
        byte[] json = HymbaConfig.ReadFile(configFile);
        HymbaConfig config = HymbaConfig.Parse(json, configFile);
        if (config.Quantization is { } scheme)
            throw new AdapterException($"{modelFolder}: is quantised ({scheme.Name()}); adapters are merged into the model it was made from.");
        if (type is { } stored && NewCheckpoint.StoredType(config.StoredType) != stored)
            json = NewCheckpoint.WithStoredType(json, stored);
        using AdaptedCheckpoint model = AdaptedCheckpoint.Open(modelFolder, config, adapters);
        try
        {
            _ = Directory.CreateDirectory(outputFolder);
            using SafetensorsWriter writer = WriteWeights(model, config, Path.Combine(outputFolder, Checkpoint.FileName), type, progress, cancellationToken);
            NewCheckpoint.CopyFiles(modelFolder, outputFolder);
            File.WriteAllBytes(Path.Combine(outputFolder, HymbaConfig.FileName), json);
            writer.Complete();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{outputFolder}: cannot be written: {error.Message}", error);
        }
    }

    private static SafetensorsWriter WriteWeights(
        AdaptedCheckpoint model, HymbaConfig config, string path, ElementType? type, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        ImmutableArray<(TensorInfo Info, Tensor Source)> tensors = [.. TensorNames.Expected(config).Select(tensor => (
            new TensorInfo(tensor.Name, type ?? model.Base.Get(tensor.Name, tensor.Shape).Type, [.. tensor.Shape]),
            model.Get(tensor.Name, tensor.Shape)))];
        long total = tensors.Sum(tensor => tensor.Info.ElementCount), done = 0;
        SafetensorsWriter writer = new(path, tensors.Select(tensor => tensor.Info));
        try
        {
            foreach ((TensorInfo info, Tensor source) in tensors)
            {
                foreach (ReadOnlyMemory<float> piece in Pieces(model, info.Name, source))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    writer.Write(info.Name, piece.Span);
                    done += piece.Length;
                    progress?.Report((double)done / total);
                }
            }
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>A tensor's values as the adapters leave them, some at a time; each piece is good until the next.</summary>
    private static IEnumerable<ReadOnlyMemory<float>> Pieces(AdaptedCheckpoint model, string name, Tensor source)
    {
        ImmutableArray<LowRankUpdate> updates = model.Updates(name);
        if (updates.IsEmpty)
        {
            float[] values = new float[(int)Math.Min(PieceElements, source.ElementCount)];
            for (long start = 0; start < source.ElementCount; start += values.Length)
            {
                int count = (int)Math.Min(values.Length, source.ElementCount - start);
                source.CopySingles(start, values.AsSpan(0, count));
                yield return values.AsMemory(0, count);
            }
            yield break;
        }
        WeightMatrix weights = WeightMatrix.Of(source);
        AdaptedMatrix matrix = new(weights, updates);
        int rows = Math.Clamp(PieceElements / weights.Columns, 1, weights.Rows);
        float[] block = new float[rows * weights.Columns];
        for (int row = 0; row < weights.Rows; row += rows)
        {
            int count = Math.Min(rows, weights.Rows - row);
            matrix.CopyRows(row, count, block);
            yield return block.AsMemory(0, count * weights.Columns);
        }
    }
}
