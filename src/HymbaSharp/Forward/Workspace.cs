using HymbaSharp.Configuration;
using HymbaSharp.Kernels;

namespace HymbaSharp.Forward;

/// <summary>The buffers of a step, for up to <see cref="MaxRows"/> rows, made once. Each gives a matrix of as many rows as the step has.</summary>
internal sealed unsafe class Workspace : IDisposable
{
    private readonly List<NativeBuffer> _buffers = [];
    private readonly HymbaConfig _config;
    private NativeBuffer? _logits;

    /// <param name="config">The model.</param>
    /// <param name="maxRows">The most rows T of a step.</param>
    /// <param name="maxRank">The largest rank r of an adapter's update, 0 without adapters.</param>
    public Workspace(HymbaConfig config, int maxRows, int maxRank)
    {
        _config = config;
        MaxRows = maxRows;
        int h = config.HiddenSize, i = config.InnerSize, dk = config.KeyHeadSize, dv = config.ValueHeadSize;
        Hidden = Buffer(h);
        Normed = Buffer(h);
        Projected = Buffer(h + (config.KeyValueHeads * (dk + dv)) + (2 * i));
        Attended = Buffer(i);
        Convolved = Buffer(i);
        SsmProjected = Buffer(config.TimeStepRank + (2 * config.StateSize));
        TimeSteps = Buffer(i);
        MlpGate = Buffer(config.IntermediateSize);
        MlpUp = Buffer(config.IntermediateSize);
        LowRank = Buffer(maxRank);
        Unscaled = Buffer(maxRank > 0 ? h : 0);
        Cosines = Buffer(Math.Max(dk / 2, 1));
        Sines = Buffer(Math.Max(dk / 2, 1));
        Slices = new SequenceSlice[maxRows];
        LoneSlices = new SequenceSlice[maxRows];
    }

    public int MaxRows { get; }

    public RowBuffer Hidden { get; } // x [T, H]

    public RowBuffer Normed { get; } // u, w [T, H]

    public RowBuffer Projected { get; } // z [T, H + Hkv·Dk + Hkv·Dv + I + I]

    public RowBuffer Attended { get; } // [T, I]

    public RowBuffer Convolved { get; } // c, then y [T, I]

    public RowBuffer SsmProjected { get; } // dt, B, C [T, R + 2N]

    public RowBuffer TimeSteps { get; } // Δ [T, I]

    public RowBuffer MlpGate { get; } // [T, F]

    public RowBuffer MlpUp { get; } // [T, F]

    public RowBuffer LowRank { get; } // A·x of an adapter [T, r]

    public RowBuffer Unscaled { get; } // a product for the residual stream before its gains [T, H]

    public RowBuffer Cosines { get; } // [T, Dk / 2]

    public RowBuffer Sines { get; } // [T, Dk / 2]

    public SequenceSlice[] Slices { get; }

    public SequenceSlice[] LoneSlices { get; }

    /// <summary>[rows, V]; grows to the most rows ever asked for.</summary>
    public Matrix Logits(int rows)
    {
        long bytes = (long)rows * _config.VocabularySize * sizeof(float);
        if (_logits is null || _logits.Bytes < bytes)
        {
            _logits?.Dispose();
            _logits = new NativeBuffer(bytes);
        }
        return new Matrix(_logits.Floats, rows, _config.VocabularySize, _config.VocabularySize);
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _buffers)
            buffer.Dispose();
        _logits?.Dispose();
    }

    private RowBuffer Buffer(int columns)
    {
        NativeBuffer buffer = new((long)MaxRows * columns * sizeof(float));
        _buffers.Add(buffer);
        return new RowBuffer(buffer, MaxRows, columns);
    }
}

/// <summary>Room for rows of <paramref name="columns"/> floats.</summary>
internal readonly unsafe struct RowBuffer(NativeBuffer buffer, int maxRows, int columns)
{
    /// <summary>The first <paramref name="rows"/> rows.</summary>
    public Matrix Rows(int rows) => Rows(rows, columns);

    /// <summary>The first <paramref name="rows"/> rows of <paramref name="width"/> columns, packed.</summary>
    public Matrix Rows(int rows, int width)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, maxRows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, columns);
        return new Matrix(buffer.Floats, rows, width, width);
    }
}
