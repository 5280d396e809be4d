using HymbaSharp.Kernels;

namespace HymbaSharp.Tests.Kernels;

/// <summary>Operands of a selective scan, what they give exactly and how far float32 may be from it.</summary>
internal sealed unsafe class ScanCase
{
    private readonly Dictionary<Operand, float[]> _values;

    public ScanCase(int channels, int states, int rows, int seed)
    {
        Samples samples = new(seed);
        (Channels, States, Rows) = (channels, states, rows);
        _values = new()
        {
            [Operand.A] = samples.Uniform(states * channels, -4, -0.05f),
            [Operand.Skip] = samples.Terms(channels),
            [Operand.State] = samples.Terms(states * channels),
            [Operand.Delta] = samples.Uniform(rows * channels, 0.01f, 1.5f),
            [Operand.C] = samples.Terms(rows * channels),
            [Operand.InputB] = samples.Terms(rows * states),
            [Operand.OutputC] = samples.Terms(rows * states),
            [Operand.Gate] = samples.Uniform(rows * channels, -3, 3),
        };
    }

    private ScanCase(ScanCase source, Dictionary<Operand, float[]> values, int rows)
    {
        (Channels, States, Rows) = (source.Channels, source.States, rows);
        _values = values;
    }

    /// <summary>By the names of <see cref="ScanOperands"/>, and the state before.</summary>
    public enum Operand
    {
        A,
        Skip,
        State,
        Delta,
        C,
        InputB,
        OutputC,
        Gate,
    }

    public enum Over
    {
        Nothing,
        Inputs,
        TimeSteps,
    }

    public int Channels { get; }

    public int States { get; }

    public int Rows { get; }

    public ScanCase With(Operand operand, float value, int at)
    {
        Dictionary<Operand, float[]> values = new(_values);
        values[operand] = [.. _values[operand]];
        values[operand][at % values[operand].Length] = value;
        return new ScanCase(this, values, Rows);
    }

    public ScanCase TakeRows(int start, int count)
    {
        Dictionary<Operand, float[]> values = new(_values);
        foreach (Operand operand in (Operand[])[Operand.Delta, Operand.C, Operand.InputB, Operand.OutputC, Operand.Gate])
        {
            int width = _values[operand].Length / Rows;
            values[operand] = _values[operand][(start * width)..((start + count) * width)];
        }
        return new ScanCase(this, values, count);
    }

    /// <summary>Runs over the rows in steps of so many.</summary>
    public Result Run(KernelContext context, int[] counts, int gap = 0, Edge edge = Edge.End, Over over = Over.Nothing)
    {
        using Memory memory = new(this, gap, edge, over);
        using GuardedMatrix state = Matrix(Operand.State, States, Channels, 0, edge);
        int start = 0;
        foreach (int count in counts)
        {
            SequenceSlice slice = new() { Start = start, Count = count, ScanState = state.Data };
            SelectiveScan.Apply(context, memory.Operands, new Span<SequenceSlice>(ref slice));
            start += count;
        }
        memory.AssertGapsUntouched();
        return new Result(memory.Y.Values, state.Values);
    }

    /// <summary>Runs the rows as slices of one batch, each from the same state.</summary>
    public Result[] RunAsSlices(KernelContext context, int[] counts)
    {
        using Memory memory = new(this, gap: 3, Edge.End, Over.Nothing);
        GuardedMatrix[] states = [.. counts.Select(_ => Matrix(Operand.State, States, Channels, 0, Edge.End))];
        SequenceSlice[] slices = new SequenceSlice[counts.Length];
        int start = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            slices[i] = new SequenceSlice { Start = start, Count = counts[i], ScanState = states[i].Data };
            start += counts[i];
        }
        SelectiveScan.Apply(context, memory.Operands, slices);
        float[] y = memory.Y.Values;
        Result[] results =
            [.. slices.Select((slice, i) => new Result(y[(slice.Start * Channels)..((slice.Start + slice.Count) * Channels)], states[i].Values))];
        foreach (GuardedMatrix state in states)
            state.Dispose();
        return results;
    }

    /// <summary>
    /// The recurrence in double, and beside every value the error that float32 may have made, carried along: the decay is off by the rounding
    /// of its exponent Δ·A and 1.26 ulp of exp (or is 0 where subnormal), every product and sum by half an ulp, the gate by 3.1 ulp.
    /// </summary>
    public (double[] Y, double[] YAllowed, double[] State, double[] StateAllowed) Exact()
    {
        const double u = Precise.Unit;
        double[] y = new double[Rows * Channels], yAllowed = new double[Rows * Channels];
        double[] state = [.. _values[Operand.State].Select(value => (double)value)], allowed = new double[state.Length];
        for (int i = 0; i < y.Length; i++)
        {
            int row = i / Channels, channel = i % Channels;
            double delta = _values[Operand.Delta][i], c = _values[Operand.C][i];
            double sum = _values[Operand.Skip][channel] * c, error = 0, magnitude = Math.Abs(sum);
            for (int n = 0; n < States; n++)
            {
                ref double h = ref state[(n * Channels) + channel], hError = ref allowed[(n * Channels) + channel];
                double exponent = delta * _values[Operand.A][(n * Channels) + channel], decay = Math.Exp(exponent);
                double kept = decay * h, input = delta * c * _values[Operand.InputB][(row * States) + n];
                double rounding = decay == 0 ? 0 : (Math.Abs(exponent) + 4) * u;
                hError = (decay * hError) + (Math.Abs(kept) * rounding) + (1.2e-38 * Math.Abs(h)) + (3 * u * Math.Abs(input));
                h = kept + input;
                hError += u * (Math.Abs(h) + hError);
                double readout = _values[Operand.OutputC][(row * States) + n];
                sum += h * readout;
                error += hError * Math.Abs(readout);
                magnitude += Math.Abs(h * readout);
            }
            double gate = Precise.Silu(_values[Operand.Gate][i]);
            y[i] = sum * gate;
            yAllowed[i] = ((error + ((States + 2) * u * magnitude)) * Math.Abs(gate) * (1 + (8 * u))) + (8 * u * Math.Abs(y[i])) + (4e-37 * Math.Abs(sum)) + float.Epsilon;
        }
        return (y, yAllowed, state, allowed);
    }

    private GuardedMatrix Matrix(Operand operand, int rows, int columns, int gap, Edge edge) => new GuardedMatrix(rows, columns, gap, edge).Fill(_values[operand]);

    internal sealed record Result(float[] Y, float[] State)
    {
        public void AssertSame(Result other)
        {
            Assert.Equal(Y, other.Y);
            Assert.Equal(State, other.State);
        }
    }

    private sealed class Memory : IDisposable
    {
        private readonly GuardedMatrix _skip;
        private readonly GuardedMatrix[] _all;

        public Memory(ScanCase sample, int gap, Edge edge, Over over)
        {
            int rows = sample.Rows, channels = sample.Channels, states = sample.States;
            GuardedMatrix a = sample.Matrix(Operand.A, states, channels, gap, edge);
            GuardedMatrix delta = sample.Matrix(Operand.Delta, rows, channels, gap, edge), c = sample.Matrix(Operand.C, rows, channels, gap + 1, edge);
            GuardedMatrix b = sample.Matrix(Operand.InputB, rows, states, gap, edge), readout = sample.Matrix(Operand.OutputC, rows, states, gap + 2, edge);
            GuardedMatrix gate = sample.Matrix(Operand.Gate, rows, channels, gap, edge);
            _skip = sample.Matrix(Operand.Skip, 1, channels, 0, edge);
            Y = over switch { Over.Inputs => c, Over.TimeSteps => delta, _ => new GuardedMatrix(rows, channels, gap + 3, edge) };
            _all = [a, delta, c, b, readout, gate, _skip, Y];
            Operands = new ScanOperands { A = a, Skip = _skip.Data, Delta = delta, C = c, InputB = b, OutputC = readout, Gate = gate, Y = Y };
        }

        public GuardedMatrix Y { get; }

        public ScanOperands Operands { get; }

        public void AssertGapsUntouched()
        {
            foreach (GuardedMatrix matrix in _all)
                matrix.AssertGapsUntouched();
        }

        public void Dispose()
        {
            foreach (GuardedMatrix matrix in _all)
                matrix.Dispose();
        }
    }
}
