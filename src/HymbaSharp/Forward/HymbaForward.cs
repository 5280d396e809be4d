using HymbaSharp.Configuration;
using HymbaSharp.Kernels;
using HymbaSharp.State;
using HymbaSharp.Weights;

namespace HymbaSharp.Forward;

/// <summary>
/// A sequence and how many of the step's tokens are its next ones. Rows that are kept apart compute what as many steps of one row would, to
/// the bit while a step has fewer rows than matrix products tile; the sequence then stays where it is until it takes some of them.
/// </summary>
internal readonly record struct StepSlice(SequenceState State, int Count, bool KeepsRows = false);

/// <summary>
/// The Hymba model (arXiv 2411.13676): one step of many sequences at once. The rows of all sequences are stacked; every matrix product runs
/// once over the stack, attention, convolution and scan run for each sequence over its own state.
/// <code>
/// T    rows of the step                      H    hidden size (hidden_size)
/// x    residual stream [T, H]                I    SSM channels, width of attention's result (mamba_expand · H)
/// u, w normed stream [T, H]                  F    MLP width (intermediate_size)
/// z    projected stream: q, k, v, s, gate    Hq, Hkv   query and key/value heads
/// q    queries [T, Hq·Dk]                    Dk, Dv    key and value head width
/// k, v keys, values [T, Hkv·Dk], [T, Hkv·Dv] N    states of a channel (mamba_d_state)
/// s    SSM input [T, I]                      R    rank of the time step (mamba_dt_rank)
/// c    convolved s [T, I]                    K    taps of the convolution (mamba_d_conv)
/// Δ    time steps [T, I]                     M    meta tokens (num_memory_tokens)
/// B, C input and output of the state [T, N]  W    window (sliding_window)
/// A, D decay [N, I] and skip [I]             V    vocabulary (vocab_size)
/// </code>
/// </summary>
internal sealed unsafe class HymbaForward : IDisposable
{
    private readonly HymbaConfig _config;
    private readonly HymbaWeights _weights;
    private readonly StateShape _shape;
    private readonly KernelContext _kernels;
    private readonly Workspace _workspace;
    private readonly RotaryEmbedding _rope;
    private readonly Attention _attention;

    public HymbaForward(HymbaConfig config, HymbaWeights weights, StateShape shape, KernelContext kernels, int maxRows)
    {
        _config = config;
        _weights = weights;
        _shape = shape;
        _kernels = kernels;
        _workspace = new Workspace(config, maxRows, weights.MaxRank);
        _rope = new RotaryEmbedding(config);
        _attention = new Attention(shape.Pages.Shape, config.AttentionHeads);
    }

    /// <summary>Held for as long as the logits of a step are read: steps share the workspace, so they run one after the other.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The most rows a step can have.</summary>
    public int MaxRows => _workspace.MaxRows;

    /// <summary>Sees the stream entering each layer, and as layer count the stream after the final norm.</summary>
    public Action<int, Matrix>? Observer { get; set; }

    /// <summary>
    /// Advances every sequence by its tokens. Positions below M take the meta tokens in place of an id. Returns the logits
    /// [logitRows, V] of the rows asked for, valid until the next step.
    /// </summary>
    public Matrix Step(ReadOnlySpan<StepSlice> sequences, ReadOnlySpan<int> tokens, ReadOnlySpan<int> logitRows)
    {
        Span<SequenceSlice> slices = Place(sequences, tokens.Length);
        Matrix x = Embed(slices, tokens);
        _rope.Angles(slices, _workspace.Cosines.Rows(x.Rows), _workspace.Sines.Rows(x.Rows));
        for (int layer = 0; layer < _config.LayerCount; layer++)
        {
            Observer?.Invoke(layer, x);
            Locate(layer, sequences, slices);
            Mixer(layer, x, slices, Lone(sequences, slices));
            Mlp(_weights.Layers[layer], x);
        }
        foreach (StepSlice sequence in sequences)
        {
            if (!sequence.KeepsRows)
                sequence.State.Advance(sequence.Count);
        }
        return Logits(x, logitRows);
    }

    public void Dispose()
    {
        _attention.Dispose();
        _workspace.Dispose();
    }

    /// <summary>x = the meta tokens, then the embeddings of the ids.</summary>
    private Matrix Embed(ReadOnlySpan<SequenceSlice> slices, ReadOnlySpan<int> tokens)
    {
        Matrix x = _workspace.Hidden.Rows(tokens.Length);
        foreach (ref readonly SequenceSlice slice in slices)
        {
            for (int row = slice.Start; row < slice.Start + slice.Count; row++)
            {
                int position = slice.Position + row - slice.Start;
                if (position < _config.MetaTokens)
                    _weights.MetaTokens.AsSpan(position * _config.HiddenSize, _config.HiddenSize).CopyTo(x.Row(row));
                else
                    MatMul.CopyRow(_weights.Embedding, tokens[row], x.Row(row));
            }
        }
        return x;
    }

    /// <summary>x ← x + out_proj·(mean of the two kinds of heads).</summary>
    private void Mixer(int layer, Matrix x, Span<SequenceSlice> slices, Span<SequenceSlice> lone)
    {
        LayerWeights weights = _weights.Layers[layer];
        bool owns = _config.OwnsKeyValues(layer);
        int keys = owns ? _config.KeyValueHeads * _config.KeyHeadSize : 0, values = owns ? _config.KeyValueHeads * _config.ValueHeadSize : 0;

        Matrix u = _workspace.Normed.Rows(x.Rows);
        Matrix z = _workspace.Projected.Rows(x.Rows, weights.InputProjection.Rows);
        RmsNorm.Apply(_kernels, x, weights.InputNorm, _config.NormEpsilon, u);
        Multiply(weights.InputProjection, u, z);
        if (_config.ProjectionBias)
            Activation.AddBias(_kernels, z, weights.InputProjectionBias);
        Matrix q = z.Slice(0, _config.HiddenSize);
        Matrix k = z.Slice(_config.HiddenSize, keys);
        Matrix v = z.Slice(_config.HiddenSize + keys, values);
        Matrix s = z.Slice(_config.HiddenSize + keys + values, _config.InnerSize);
        Matrix gate = z.Slice(_config.HiddenSize + keys + values + _config.InnerSize, _config.InnerSize);

        Matrix attended = AttentionHeads(layer, q, k, v, slices, lone);
        Matrix y = SsmHeads(weights, s, gate, slices);
        RmsNorm.Mean(_kernels, attended, weights.AttentionNorm, y, weights.SsmNorm, _config.NormEpsilon, attended);
        Multiply(weights.OutputProjection, attended, x, accumulate: true);
        if (_config.ProjectionBias)
            Activation.AddBias(_kernels, x, weights.OutputProjectionBias);
    }

    /// <summary>Queries, rotated, over the owner's cached keys and values.</summary>
    private Matrix AttentionHeads(int layer, Matrix q, Matrix k, Matrix v, Span<SequenceSlice> slices, Span<SequenceSlice> lone)
    {
        LayerWeights weights = _weights.Layers[layer];
        NormHeads(q, weights.QueryNorm);
        Rotate(q);
        if (_config.OwnsKeyValues(layer))
        {
            NormHeads(k, weights.KeyNorm);
            Rotate(k);
            Cache(k, v, slices);
        }
        Matrix attended = _workspace.Attended.Rows(q.Rows);
        _attention.Apply(_kernels, q, new AttentionMask(_config.IsGlobal(layer), _config.SlidingWindow, _config.MetaTokens), lone, attended);
        return attended;
    }

    /// <summary>Convolution, selective scan and gate.</summary>
    private Matrix SsmHeads(LayerWeights weights, Matrix s, Matrix gate, Span<SequenceSlice> slices)
    {
        int rank = _config.TimeStepRank, states = _config.StateSize;
        Matrix c = _workspace.Convolved.Rows(s.Rows);
        Matrix projected = _workspace.SsmProjected.Rows(s.Rows);
        Matrix delta = _workspace.TimeSteps.Rows(s.Rows);
        Matrix dt = projected.Slice(0, rank), b = projected.Slice(rank, states), readout = projected.Slice(rank + states, states);

        CausalConvolution.Apply(_kernels, weights.Convolution, weights.ConvolutionBias, s, c, slices);
        Multiply(weights.SsmProjection, c, projected);
        if (_config.InnerNorms)
        {
            RmsNorm.Apply(_kernels, dt, weights.TimeStepNorm, _config.NormEpsilon, dt);
            RmsNorm.Apply(_kernels, b, weights.InputMatrixNorm, _config.NormEpsilon, b);
            RmsNorm.Apply(_kernels, readout, weights.OutputMatrixNorm, _config.NormEpsilon, readout);
        }
        Multiply(weights.TimeStepProjection, dt, delta);
        Activation.Softplus(_kernels, delta, weights.TimeStepBias);
        ScanOperands operands = new()
        {
            A = weights.Decay,
            Skip = weights.Skip.Data,
            Delta = delta,
            C = c,
            InputB = b,
            OutputC = readout,
            Gate = gate,
            Y = c,
        };
        SelectiveScan.Apply(_kernels, operands, slices);
        return c;
    }

    /// <summary>x ← x + down_proj·(silu(gate_proj·w) · up_proj·w).</summary>
    private void Mlp(LayerWeights weights, Matrix x)
    {
        Matrix w = _workspace.Normed.Rows(x.Rows);
        Matrix gate = _workspace.MlpGate.Rows(x.Rows), up = _workspace.MlpUp.Rows(x.Rows);
        RmsNorm.Apply(_kernels, x, weights.MlpNorm, _config.NormEpsilon, w);
        Multiply(weights.MlpGate, w, gate);
        Multiply(weights.MlpUp, w, up);
        Activation.SiluGate(_kernels, gate, up);
        Multiply(weights.MlpDown, gate, x, accumulate: true);
    }

    /// <summary>lm_head·RMSNorm(x), of the rows asked for.</summary>
    private Matrix Logits(Matrix x, ReadOnlySpan<int> rows)
    {
        if (Observer is not null)
        {
            RmsNorm.Apply(_kernels, x, _weights.FinalNorm, _config.NormEpsilon, _workspace.Normed.Rows(x.Rows));
            Observer(_config.LayerCount, _workspace.Normed.Rows(x.Rows));
        }
        Matrix u = _workspace.Normed.Rows(rows.Length);
        Matrix logits = _workspace.Logits(rows.Length);
        for (int i = 0; i < rows.Length; i++)
            x.Row(rows[i]).CopyTo(u.Row(i));
        RmsNorm.Apply(_kernels, u, _weights.FinalNorm, _config.NormEpsilon, u);
        MatMul.Multiply(_kernels, _weights.Output, u, logits);
        return logits;
    }

    /// <summary>Y = X · Wᵀ or, where it accumulates, added to Y; W with its adapters' terms.</summary>
    private void Multiply(Projection weights, Matrix x, Matrix y, bool accumulate = false) =>
        ProjectionProduct.Multiply(_kernels, weights, x, y, accumulate, _workspace);

    private void NormHeads(Matrix heads, float[] gains)
    {
        for (int start = 0; start < gains.Length; start += _config.KeyHeadSize)
        {
            Matrix head = heads.Slice(start, _config.KeyHeadSize);
            RmsNorm.Apply(_kernels, head, gains.AsSpan(start, _config.KeyHeadSize), _config.NormEpsilon, head);
        }
    }

    private void Rotate(Matrix heads)
    {
        if (_config.Rope != RopeType.None)
            Rope.Rotate(_kernels, heads, _config.KeyHeadSize, _workspace.Cosines.Rows(heads.Rows), _workspace.Sines.Rows(heads.Rows));
    }

    /// <summary>Writes the step's keys and values into their sequences' pages.</summary>
    private void Cache(Matrix k, Matrix v, ReadOnlySpan<SequenceSlice> slices)
    {
        foreach (ref readonly SequenceSlice slice in slices)
        {
            for (int i = 0; i < slice.Count; i++)
            {
                int position = slice.Position + i;
                float* page = slice.Pages[position / KeyValuePage.Rows];
                _shape.Pages.Shape.Write(page, position % KeyValuePage.Rows, k.Row(slice.Start + i), v.Row(slice.Start + i));
            }
        }
    }

    /// <summary>Stacks the sequences' rows and readies their pages.</summary>
    private Span<SequenceSlice> Place(ReadOnlySpan<StepSlice> sequences, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MaxRows);
        int start = 0;
        for (int i = 0; i < sequences.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequences[i].Count);
            sequences[i].State.Reserve(sequences[i].Count);
            if (sequences[i].KeepsRows)
                sequences[i].State.KeepRows(sequences[i].Count);
            _workspace.Slices[i] = new SequenceSlice { Start = start, Count = sequences[i].Count, Position = sequences[i].State.Position };
            start += sequences[i].Count;
        }
        ArgumentOutOfRangeException.ThrowIfNotEqual(start, rows);
        return _workspace.Slices.AsSpan(0, sequences.Length);
    }

    /// <summary>Points the slices at their state of a layer.</summary>
    private void Locate(int layer, ReadOnlySpan<StepSlice> sequences, Span<SequenceSlice> slices)
    {
        for (int i = 0; i < slices.Length; i++)
        {
            SequenceState state = sequences[i].State;
            slices[i].ConvolutionTail = state.Tail(layer);
            slices[i].ScanState = state.ScanState(layer);
            slices[i].Pages = state.Pages(_shape.OwnerIndex[layer]);
            slices[i].Slots = sequences[i].KeepsRows ? state.Slots : default;
        }
    }

    /// <summary>The slices as attention takes them: a row that is kept apart by itself, as a step of one row has it.</summary>
    private Span<SequenceSlice> Lone(ReadOnlySpan<StepSlice> sequences, Span<SequenceSlice> slices)
    {
        int count = 0;
        for (int i = 0; i < slices.Length; i++)
        {
            int rows = sequences[i].KeepsRows ? slices[i].Count : 1;
            for (int row = 0; row < rows; row++)
            {
                SequenceSlice slice = slices[i];
                if (rows > 1)
                    (slice.Start, slice.Position, slice.Count) = (slice.Start + row, slice.Position + row, 1);
                _workspace.LoneSlices[count++] = slice;
            }
        }
        return _workspace.LoneSlices.AsSpan(0, count);
    }
}
