using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed class ConvolutionKernelTests
{
    private const int Tile = ConvolutionKernel.TileRows;

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Results_and_gradients_of_any_number_of_channels_are_within_rounding_of_a_plain_computation(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int channels in (int[])[1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 33, 63, 64, 65, 79, 100, 129])
            AssertExact(context, new Case(channels, taps: 1 + (channels % 6), [3, 1, 1 + (channels % 9)], seed: channels), gap: channels % 4);
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Tile_borders_leave_no_trace(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int[] counts in (int[][])[[Tile - 1], [Tile], [Tile + 1], [Tile + 3], [(2 * Tile) + 1], [1, Tile + 2, Tile, 3]])
            AssertExact(context, new Case(channels: 19, taps: 4, counts, seed: counts[0]), gap: 1);
    }

    [Theory]
    [InlineData(1, 1, new[] { 1 })]
    [InlineData(3, 4, new[] { 6, 1, 3 })]
    [InlineData(2, 4, new[] { 1, Tile + 2 })]
    public void Gradients_in_double_are_those_of_the_results_in_double(int channels, int taps, int[] counts)
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        Case sample = new(channels, taps, counts, seed: channels);
        Results<double> results = sample.Run<double>(context);
        double Loss() => sample.Run<double>(context).C.Zip(sample.CGradient, (c, gradient) => c * gradient).Sum();
        CentralDifferences.AssertGradient(sample.Weights, results.Weights, Loss, "the weights");
        CentralDifferences.AssertGradient(sample.Bias, results.Bias, Loss, "the bias");
        CentralDifferences.AssertGradient(sample.S, results.S, Loss, "s");
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_number_of_threads_gives_the_same_bits(KernelPath path)
    {
        Case sample = new(channels: 200, taps: 4, [3, 1, 70], seed: 1);
        using KernelContext alone = new(path, new WorkerPool(1));
        Results<float> expected = sample.Run<float>(alone);
        foreach (int threads in (int[])[2, 3, 7])
        {
            using KernelContext context = new(path, new WorkerPool(threads));
            Results<float> results = sample.Run<float>(context);
            Assert.Equal(expected.C, results.C);
            Assert.Equal(expected.Weights, results.Weights);
            Assert.Equal(expected.Bias, results.Bias);
            Assert.Equal(expected.S, results.S);
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Documents_packed_give_the_same_bits_as_alone(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        Case packed = new(channels: 77, taps: 4, [Tile + 3, 1, 2, 7], seed: 2);
        Results<float> all = packed.Run<float>(context);
        foreach (RowRange rows in packed.Documents)
        {
            Range elements = (rows.Start * 77)..(rows.End * 77);
            Case alone = packed with { Documents = [new RowRange(0, rows.Count)], S = packed.S[elements], CGradient = packed.CGradient[elements] };
            Results<float> results = alone.Run<float>(context);
            Assert.Equal(results.C, all.C[elements]);
            Assert.Equal(results.S, all.S[elements]);
        }
    }

    [Fact]
    public void Operands_of_other_shapes_are_refused()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using TestMatrix<float> weights = new(4, 3), bias = new(1, 3), rows = new(5, 3), narrow = new(5, 2), low = new(2, 3), none = new(0, 3);
        ConvolutionOperands<float> fitting = new() { Weights = weights, Bias = bias, S = rows, C = rows };
        ConvolutionGradients<float> gradients = new() { C = rows, Weights = weights, Bias = bias, S = rows };
        RowRange[] documents = [new(0, 5)];
        ConvolutionOperands<float>[] refused =
        [
            fitting with { Bias = low }, fitting with { S = narrow }, fitting with { S = low }, fitting with { C = narrow }, fitting with { C = default },
        ];
        Assert.All(refused, operands => Assert.Throws<ArgumentException>(() => ConvolutionKernel.Forward(context, operands, documents)));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConvolutionKernel.Forward(context, fitting with { Weights = none }, documents));
        ConvolutionGradients<float>[] refusedGradients =
            [gradients with { C = low }, gradients with { Weights = low }, gradients with { Bias = low }, gradients with { S = narrow }];
        Assert.All(refusedGradients, wrong => Assert.Throws<ArgumentException>(() => ConvolutionKernel.Backward(context, fitting, wrong, documents)));
    }

    private static void AssertExact(KernelContext context, Case sample, int gap)
    {
        Results<float> results = sample.Run<float>(context, gap);
        Results<Bounded> exact = sample.Exact();
        string what = $"{sample.Bias.Length} channels, {sample.Taps} taps, {string.Join(" + ", sample.Documents.Select(d => d.Count))} rows";
        Bounded.AssertWithin(results.C, exact.C, $"c of {what}");
        Bounded.AssertWithin(results.Weights, exact.Weights, $"the weights' gradient of {what}");
        Bounded.AssertWithin(results.Bias, exact.Bias, $"the bias' gradient of {what}");
        Bounded.AssertWithin(results.S, exact.S, $"s's gradient of {what}");
    }

    private sealed record Results<T>(T[] C, T[] Weights, T[] Bias, T[] S);

    private sealed record Case(int Taps, RowRange[] Documents, double[] Weights, double[] Bias, double[] S, double[] CGradient)
    {
        public Case(int channels, int taps, int[] counts, int seed) : this(new Samples(seed), channels, taps, counts)
        {
        }

        private Case(Samples samples, int channels, int taps, int[] counts)
            : this(
                taps, Samples.Documents(counts), samples.Terms(taps * channels), samples.Terms(channels), samples.Terms(counts.Sum() * channels),
                samples.Terms(counts.Sum() * channels))
        {
        }

        private int Channels => Bias.Length;

        private int Rows => Documents[^1].End;

        public Results<T> Run<T>(KernelContext context, int gap = 0) where T : unmanaged, IFloatingPointIeee754<T>
        {
            using TestMatrix<T> weights = new TestMatrix<T>(Taps, Channels, gap).Fill(Weights), bias = new TestMatrix<T>(1, Channels).Fill(Bias);
            using TestMatrix<T> s = new TestMatrix<T>(Rows, Channels, gap + 1).Fill(S), c = new(Rows, Channels, gap);
            using TestMatrix<T> dC = new TestMatrix<T>(Rows, Channels, gap + 2).Fill(CGradient);
            using TestMatrix<T> dWeights = new(Taps, Channels, gap + 1), dBias = new(1, Channels), dS = new(Rows, Channels, gap + 3);
            ConvolutionOperands<T> operands = new() { Weights = weights, Bias = bias, S = s, C = c };
            ConvolutionKernel.Forward(context, operands, Documents);
            ConvolutionKernel.Backward(context, operands, new ConvolutionGradients<T> { C = dC, Weights = dWeights, Bias = dBias, S = dS }, Documents);
            foreach (TestMatrix<T> matrix in (TestMatrix<T>[])[weights, bias, s, c, dC, dWeights, dBias, dS])
                matrix.AssertUntouchedAround();
            return new(c.Values, dWeights.Values, dBias.Values, dS.Values);
        }

        public Results<Bounded> Exact()
        {
            Bounded[] c = new Bounded[S.Length];
            List<Bounded>[] dWeights = Lists(Weights.Length), dBias = Lists(Channels), dS = Lists(S.Length);
            foreach (RowRange document in Documents)
            {
                for (int i = document.Start * Channels; i < document.End * Channels; i++)
                {
                    int channel = i % Channels, row = i / Channels;
                    List<(int Tap, int Input)> used = [];
                    for (int j = 0; j < Taps; j++)
                    {
                        if (row - Taps + 1 + j >= document.Start)
                            used.Add(((j * Channels) + channel, i + ((j - Taps + 1) * Channels)));
                    }
                    Bounded sum = Bounded.Sum([Bias[channel], .. used.Select(pair => (Bounded)Weights[pair.Tap] * S[pair.Input])]);
                    c[i] = sum * Bounded.Sigmoid(sum);
                    Bounded dSum = CGradient[i] * Bounded.SiluSlope(sum);
                    dBias[channel].Add(dSum);
                    foreach ((int tap, int input) in used)
                    {
                        dWeights[tap].Add(dSum * S[input]);
                        dS[input].Add(dSum * Weights[tap]);
                    }
                }
            }
            return new(c, Sums(dWeights), Sums(dBias), Sums(dS));
        }

        private static List<Bounded>[] Lists(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<Bounded>())];

        private static Bounded[] Sums(List<Bounded>[] terms) => [.. terms.Select(Bounded.Sum)];
    }
}
