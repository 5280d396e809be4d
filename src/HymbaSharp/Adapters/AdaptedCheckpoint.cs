using System.Collections.Immutable;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Weights;

namespace HymbaSharp.Adapters;

/// <summary>
/// A checkpoint seen through adapters. First the tensors that an adapter holds whole take the place of the checkpoint's; then the low-rank updates
/// apply to each matrix one after the other, in the order of the adapters. Nothing of the checkpoint is copied.
/// </summary>
internal sealed class AdaptedCheckpoint(Checkpoint checkpoint, ImmutableArray<Adapter> adapters, LoadQuantizer? quantizer = null) : IDisposable
{
    /// <summary>The checkpoint without adapters.</summary>
    public Checkpoint Base => checkpoint;

    public ImmutableArray<Adapter> Adapters => adapters;

    /// <summary>Opens the weights in a folder and the adapters.</summary>
    /// <exception cref="CheckpointException">The weights, or an adapter's file, can't be read or are not well-formed.</exception>
    /// <exception cref="AdapterException">An adapter is not supported or does not fit, or two replace the same tensor.</exception>
    public static AdaptedCheckpoint Open(string folder, HymbaConfig config, IReadOnlyList<AdapterReference> references, Func<string, WeightType?>? recipe = null, Calibration? calibration = null)
    {
        Checkpoint checkpoint = Checkpoint.Open(folder);
        List<Adapter> adapters = [];
        try
        {
            foreach (AdapterReference reference in references)
            {
                adapters.Add(Adapter.Open(reference, config));
                foreach (string name in adapters[^1].Replaced)
                {
                    if (adapters.First(adapter => adapter.Replacement(name) is not null) is { } other && other != adapters[^1])
                        throw new AdapterException($"{reference.Folder}: replaces {name}, and so does {other.Reference.Folder}; one adapter at most may.");
                }
            }
            return new AdaptedCheckpoint(checkpoint, [.. adapters], recipe is null ? null : new LoadQuantizer(recipe, calibration));
        }
        catch
        {
            foreach (Adapter adapter in adapters)
                adapter.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>A weight by its name, checked to have the shape.</summary>
    /// <exception cref="CheckpointException">The checkpoint lacks it, or it has another shape or type.</exception>
    public Tensor Get(string name, params ReadOnlySpan<long> shape)
    {
        foreach (Adapter adapter in adapters)
        {
            if (adapter.Replacement(name) is { } replacement)
                return replacement;
        }
        return checkpoint.Get(name, shape);
    }

    /// <summary>A matrix [rows, columns]: an adapter's, or the checkpoint's, floats or blocks; floats are quantised where that was asked for.</summary>
    /// <exception cref="CheckpointException">The checkpoint lacks it, or it has another shape or type, or can't be quantised.</exception>
    public WeightMatrix Matrix(string name, int rows, int columns)
    {
        WeightMatrix weights = adapters.Any(adapter => adapter.Replacement(name) is not null)
            ? WeightMatrix.Of(Get(name, rows, columns))
            : checkpoint.Matrix(name, rows, columns);
        return quantizer is null || weights.IsQuantized ? weights : quantizer.Quantize(name, weights);
    }

    /// <summary>A matrix [rows, columns] and what the adapters add to its products.</summary>
    /// <exception cref="CheckpointException">The checkpoint lacks it, or it has another shape or type.</exception>
    public Projection Projection(string name, int rows, int columns)
    {
        WeightMatrix weights = Matrix(name, rows, columns);
        ImmutableArray<LowRankUpdate> updates = Updates(name);
        if (updates.IsEmpty)
            return new Projection(weights, []);
        float[][] gains = new AdaptedMatrix(weights, updates).Gains();
        return new Projection(weights, [.. updates.Select((update, i) => new LowRankTerm(update.Down, update.Up, (float)update.Scale, gains[i]))]);
    }

    /// <summary>The updates of a matrix by its tensor's name, in the order in which they apply; none of any other tensor.</summary>
    public ImmutableArray<LowRankUpdate> Updates(string name)
    {
        string module = AdapterModules.ModuleOf(name);
        return name != AdapterModules.WeightOf(module) ? [] : [.. adapters.Select(adapter => adapter.Update(module)).OfType<LowRankUpdate>()];
    }

    public void Dispose()
    {
        foreach (Adapter adapter in adapters)
            adapter.Dispose();
        quantizer?.Dispose();
        checkpoint.Dispose();
    }
}
