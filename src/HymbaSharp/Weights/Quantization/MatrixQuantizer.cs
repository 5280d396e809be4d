using HymbaSharp.Checkpoints;
using HymbaSharp.Kernels;

namespace HymbaSharp.Weights;

/// <summary>Quantises runs of groups of a matrix, on all threads.</summary>
internal static unsafe class MatrixQuantizer
{
    /// <param name="name">The tensor's, for errors.</param>
    /// <param name="source">Floats.</param>
    /// <param name="layout">What they become.</param>
    /// <param name="importance">How much the error of a column counts [in]; or none.</param>
    /// <param name="firstGroup">The first group of sixteen rows.</param>
    /// <param name="groups">So many.</param>
    /// <param name="destination">Room for them.</param>
    /// <exception cref="CheckpointException">A weight is not finite.</exception>
    public static void Quantize(string name, WeightMatrix source, BlockLayout layout, float[] importance, int firstGroup, int groups, byte* destination)
    {
        nint start = (nint)destination;
        try
        {
            _ = Parallel.For(0, groups, () => new float[BlockLayout.GroupRows * layout.Columns], (i, _, rows) =>
            {
                int first = (firstGroup + i) * BlockLayout.GroupRows, count = Math.Min(BlockLayout.GroupRows, layout.Rows - first);
                for (int row = 0; row < count; row++)
                {
                    Span<float> values = rows.AsSpan(row * layout.Columns, layout.Columns);
                    MatMul.CopyRow(source, first + row, values);
                    RefuseNonFinite(name, first + row, values);
                }
                BlockQuantizer.Write(layout, rows.AsSpan(0, count * layout.Columns), importance, new Span<byte>((byte*)start + ((nint)i * layout.GroupBytes), layout.GroupBytes));
                return rows;
            }, _ => { });
        }
        catch (AggregateException error) when (error.InnerExceptions[0] is CheckpointException refused)
        {
            throw refused;
        }
    }

    private static void RefuseNonFinite(string name, int row, ReadOnlySpan<float> values)
    {
        for (int column = 0; column < values.Length; column++)
        {
            if (!float.IsFinite(values[column]))
                throw new CheckpointException($"{name}: the weight at row {row}, column {column} is {values[column]}; only finite weights can be quantised.");
        }
    }
}

/// <summary>Quantises matrices while a model is opened, and owns what it made.</summary>
/// <param name="recipe">The type of a tensor by its name; null: as it is stored.</param>
/// <param name="calibration">What the errors of columns count by; null: all the same.</param>
internal sealed unsafe class LoadQuantizer(Func<string, WeightType?> recipe, Calibration? calibration = null) : IDisposable
{
    private readonly List<NativeBuffer> _buffers = [];

    /// <summary>The matrix in the type that the recipe gives it.</summary>
    /// <exception cref="CheckpointException">A weight is not finite.</exception>
    public WeightMatrix Quantize(string name, WeightMatrix weights)
    {
        if (recipe(name) is not { } type)
            return weights;
        BlockLayout layout = new(type, weights.Rows, weights.Columns);
        NativeBuffer buffer = new(layout.Bytes);
        _buffers.Add(buffer);
        MatrixQuantizer.Quantize(name, weights, layout, calibration?.Importance(name) ?? [], 0, layout.Groups, (byte*)buffer.Floats);
        return new WeightMatrix(type, (byte*)buffer.Floats, weights.Rows, weights.Columns);
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _buffers)
            buffer.Dispose();
    }
}
