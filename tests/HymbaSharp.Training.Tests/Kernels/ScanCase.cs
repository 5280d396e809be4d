using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

/// <summary>Operands of a scan over documents, the kernels' results on them and those of a plain computation.</summary>
internal sealed class ScanCase
{
    public ScanCase(int channels, int states, int[] counts, int seed)
    {
        Samples samples = new(seed);
        (Channels, States, Documents) = (channels, states, Samples.Documents(counts));
        int rows = counts.Sum();
        A = samples.Uniform(states * channels, -4, -0.05f);
        Skip = samples.Terms(channels);
        Delta = samples.Uniform(rows * channels, -3, 1);
        DeltaBias = samples.Terms(channels);
        C = samples.Terms(rows * channels);
        InputB = samples.Terms(rows * states);
        OutputC = samples.Terms(rows * states);
        Gate = samples.Uniform(rows * channels, -3, 3);
        YGradient = samples.Terms(rows * channels);
    }

    private ScanCase(ScanCase source, int document)
    {
        RowRange rows = source.Documents[document];
        (Channels, States, Documents) = (source.Channels, source.States, [new RowRange(0, rows.Count)]);
        (A, Skip, DeltaBias) = (source.A, source.Skip, source.DeltaBias);
        double[] Rows(double[] values, int width) => values[(rows.Start * width)..(rows.End * width)];
        (Delta, C, Gate, YGradient) = (Rows(source.Delta, Channels), Rows(source.C, Channels), Rows(source.Gate, Channels), Rows(source.YGradient, Channels));
        (InputB, OutputC) = (Rows(source.InputB, States), Rows(source.OutputC, States));
    }

    public int Channels { get; }

    public int States { get; }

    public RowRange[] Documents { get; }

    public int Rows => Documents[^1].End;

    public double[] A { get; }

    public double[] Skip { get; }

    public double[] Delta { get; }

    public double[] DeltaBias { get; }

    public double[] C { get; }

    public double[] InputB { get; }

    public double[] OutputC { get; }

    public double[] Gate { get; }

    public double[] YGradient { get; }

    public ScanCase Alone(int document) => new(this, document);

    /// <summary>Σ y · (the given gradient of y), in float64.</summary>
    public double Loss(KernelContext context) => Run<double>(context).Y.Zip(YGradient, (y, gradient) => y * gradient).Sum();

    public Results<T> Run<T>(KernelContext context, int gap = 0, bool keepStates = true) where T : unmanaged, IFloatingPointIeee754<T>
    {
        List<TestMatrix<T>> all = [];
        TestMatrix<T> New(int rows, int columns, int extra)
        {
            all.Add(new TestMatrix<T>(rows, columns, gap + extra));
            return all[^1];
        }
        TestMatrix<T> y = New(Rows, Channels, 3);
        TestMatrix<T> dA = New(States, Channels, 1), dSkip = New(1, Channels, 0), dDelta = New(Rows, Channels, 2), dBias = New(1, Channels, 0);
        TestMatrix<T> dC = New(Rows, Channels, 0), dInputB = New(Rows, States, 1), dOutputC = New(Rows, States, 0), dGate = New(Rows, Channels, 1);
        ScanOperands<T> operands = new()
        {
            A = New(States, Channels, 0).Fill(A),
            Skip = New(1, Channels, 0).Fill(Skip),
            Delta = New(Rows, Channels, 0).Fill(Delta),
            DeltaBias = New(1, Channels, 0).Fill(DeltaBias),
            C = New(Rows, Channels, 1).Fill(C),
            InputB = New(Rows, States, 0).Fill(InputB),
            OutputC = New(Rows, States, 2).Fill(OutputC),
            Gate = New(Rows, Channels, 0).Fill(Gate),
            States = keepStates ? New(ScanKernel.SavedStates(Rows) * States, Channels, 1) : default(MatrixOf<T>),
            Y = y,
        };
        ScanGradients<T> gradients = new()
        {
            Y = New(Rows, Channels, 2).Fill(YGradient),
            A = dA,
            Skip = dSkip,
            Delta = dDelta,
            DeltaBias = dBias,
            C = dC,
            InputB = dInputB,
            OutputC = dOutputC,
            Gate = dGate,
        };
        ScanKernel.Forward(context, operands, Documents);
        if (keepStates)
            ScanKernel.Backward(context, operands, gradients, Documents);
        foreach (TestMatrix<T> matrix in all)
            matrix.AssertUntouchedAround();
        Results<T> results = new(y.Values, dA.Values, dSkip.Values, dDelta.Values, dBias.Values, dC.Values, dInputB.Values, dOutputC.Values, dGate.Values);
        all.ForEach(matrix => matrix.Dispose());
        return results;
    }

    /// <summary>The recurrence and its gradient, row by row and state by state.</summary>
    public Results<Bounded> Exact()
    {
        Bounded[] y = new Bounded[Rows * Channels], dDelta = new Bounded[y.Length], dC = new Bounded[y.Length], dGate = new Bounded[y.Length];
        List<Bounded>[] dA = Lists(States * Channels), dSkip = Lists(Channels), dBias = Lists(Channels), dInputB = Lists(Rows * States), dOutputC = Lists(Rows * States);
        foreach (RowRange document in Documents)
        {
            for (int channel = 0; channel < Channels; channel++)
            {
                Bounded[,] h = new Bounded[document.Count + 1, States];
                Bounded[] sums = new Bounded[document.Count];
                for (int t = 0; t < document.Count; t++)
                {
                    int row = document.Start + t, i = (row * Channels) + channel;
                    Bounded delta = Bounded.Softplus((Bounded)Delta[i] + DeltaBias[channel]);
                    List<Bounded> terms = [(Bounded)Skip[channel] * C[i]];
                    for (int n = 0; n < States; n++)
                    {
                        h[t + 1, n] = (Bounded.Exp(delta * A[(n * Channels) + channel]) * h[t, n]) + (delta * C[i] * InputB[(row * States) + n]);
                        terms.Add(h[t + 1, n] * OutputC[(row * States) + n]);
                    }
                    sums[t] = Bounded.Sum(terms);
                    y[i] = sums[t] * Gate[i] * Bounded.Sigmoid(Gate[i]);
                }
                Bounded[] carry = new Bounded[States];
                for (int t = document.Count - 1; t >= 0; t--)
                {
                    int row = document.Start + t, i = (row * Channels) + channel;
                    Bounded raw = (Bounded)Delta[i] + DeltaBias[channel], delta = Bounded.Softplus(raw);
                    Bounded dSum = YGradient[i] * (Gate[i] * Bounded.Sigmoid(Gate[i]));
                    List<Bounded> byDelta = [], byInput = [];
                    for (int n = 0; n < States; n++)
                    {
                        double a = A[(n * Channels) + channel];
                        Bounded dState = (dSum * OutputC[(row * States) + n]) + carry[n];
                        dOutputC[(row * States) + n].Add(dSum * h[t + 1, n]);
                        dInputB[(row * States) + n].Add(dState * (delta * C[i]));
                        carry[n] = dState * Bounded.Exp(delta * a);
                        Bounded dExponent = carry[n] * h[t, n];
                        dA[(n * Channels) + channel].Add(dExponent * delta);
                        byDelta.Add(dExponent * a);
                        byInput.Add(dState * InputB[(row * States) + n]);
                    }
                    Bounded dInput = Bounded.Sum(byInput);
                    dDelta[i] = (Bounded.Sum(byDelta) + (dInput * C[i])) * Bounded.Sigmoid(raw);
                    dC[i] = (dSum * Skip[channel]) + (dInput * delta);
                    dGate[i] = YGradient[i] * sums[t] * Bounded.SiluSlope(Gate[i]);
                    dBias[channel].Add(dDelta[i]);
                    dSkip[channel].Add(dSum * C[i]);
                }
            }
        }
        return new(y, Sums(dA), Sums(dSkip), dDelta, Sums(dBias), dC, Sums(dInputB), Sums(dOutputC), dGate);
    }

    private static List<Bounded>[] Lists(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<Bounded>())];

    private static Bounded[] Sums(List<Bounded>[] terms) => [.. terms.Select(Bounded.Sum)];

    internal sealed record Results<T>(T[] Y, T[] A, T[] Skip, T[] Delta, T[] DeltaBias, T[] C, T[] InputB, T[] OutputC, T[] Gate)
    {
        public IEnumerable<(string Name, T[] Values)> All =>
            [("y", Y), ("dA", A), ("dD", Skip), ("dΔ", Delta), ("dΔ's bias", DeltaBias), ("dc", C), ("dB", InputB), ("dC", OutputC), ("dgate", Gate)];

        public void AssertSame(Results<T> other)
        {
            foreach (((string Name, T[] Values) mine, (string Name, T[] Values) theirs) in All.Zip(other.All))
                Assert.True(mine.Values.AsSpan().SequenceEqual(theirs.Values), $"{mine.Name} differs");
        }
    }
}
