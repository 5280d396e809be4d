using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class CausalConvolutionTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Convolves_every_number_of_channels_and_keeps_the_last_inputs(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int channels in Enumerable.Range(1, 256).Append(257).Append(300).Append(530))
        {
            Case sample = new(channels, taps: 1 + (channels % 5), rows: 1 + (channels % 9), seed: channels);
            using GuardedMatrix s = new GuardedMatrix(sample.Rows, channels, channels % 4, (Edge)(channels % 2)).Fill(sample.S);
            using GuardedMatrix c = new(sample.Rows, channels, channels % 3, (Edge)(channels % 2));
            using GuardedMatrix weights = new GuardedMatrix(sample.Taps, channels).Fill(sample.Weights), bias = new GuardedMatrix(1, channels).Fill(sample.Bias);
            using GuardedMatrix tail = new GuardedMatrix(sample.Taps - 1, channels).Fill(sample.Tail);
            SequenceSlice slice = new() { Count = sample.Rows, ConvolutionTail = tail.Data };
            CausalConvolution.Apply(context, weights, new ReadOnlySpan<float>(bias.Data, channels), s, c, new Span<SequenceSlice>(ref slice));

            Precise.AssertWithin(c.Values, i => Precise.Silu(sample.Sum(i).Exact), sample.Allowed, $"{sample.Taps} taps, {sample.Rows} × {channels}");
            Assert.Equal(sample.Inputs[^((sample.Taps - 1) * channels)..], tail.Values);
            Assert.Equal(sample.S, s.Values);
            c.AssertGapsUntouched();
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_cut_gives_the_same_bits_as_one_pass(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        const int rows = 11, channels = 37;
        for (int taps = 1; taps <= 6; taps++)
        {
            Case sample = new(channels, taps, rows, seed: taps);
            (float[] whole, float[] wholeTail) = sample.Run(context, [rows]);
            for (int cut = 1; cut < rows; cut++)
            {
                (float[] parts, float[] tail) = sample.Run(context, [cut, rows - cut]);
                Assert.Equal(whole, parts);
                Assert.Equal(wholeTail, tail);
            }
            (float[] single, float[] singleTail) = sample.Run(context, [.. Enumerable.Repeat(1, rows)]);
            Assert.Equal(whole, single);
            Assert.Equal(wholeTail, singleTail);
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Slices_of_a_batch_do_not_touch_each_other_nor_do_threads(KernelPath path)
    {
        const int channels = 530, taps = 4;
        Case[] samples = [new(channels, taps, 3, seed: 1), new(channels, taps, 1, seed: 2), new(channels, taps, 7, seed: 3)];
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            using KernelContext context = new(path, new WorkerPool(threads));
            // One convolution's weights for all: the first's.
            float[] s = [.. samples.SelectMany(sample => sample.S)];
            using GuardedMatrix inputs = new GuardedMatrix(11, channels).Fill(s), results = new(11, channels);
            using GuardedMatrix weights = new GuardedMatrix(taps, channels).Fill(samples[0].Weights);
            GuardedMatrix[] tails = [.. samples.Select(sample => new GuardedMatrix(taps - 1, channels).Fill(sample.Tail))];
            SequenceSlice[] slices = new SequenceSlice[samples.Length];
            int start = 0;
            for (int i = 0; i < slices.Length; i++)
            {
                slices[i] = new SequenceSlice { Start = start, Count = samples[i].Rows, ConvolutionTail = tails[i].Data };
                start += samples[i].Rows;
            }
            CausalConvolution.Apply(context, weights, samples[0].Bias, inputs, results, slices);
            for (int i = 0; i < slices.Length; i++)
            {
                (float[] alone, float[] tail) = samples[i].With(samples[0]).Run(context, [samples[i].Rows]);
                Assert.Equal(alone, results.Values[(slices[i].Start * channels)..((slices[i].Start + slices[i].Count) * channels)]);
                Assert.Equal(tail, tails[i].Values);
                tails[i].Dispose();
            }
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Treats_special_values_as_the_scalar_twin_does(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1)), twin = new(KernelPath.Scalar, new WorkerPool(1));
        for (int channels = 1; channels <= 70; channels++)
        {
            Case sample = new Case(channels, taps: 4, rows: 6, seed: channels).WithSpecialInputs(channels);
            (float[] results, float[] tail) = sample.Run(context, [6]);
            (float[] twins, float[] twinTail) = sample.Run(twin, [6]);
            Precise.AssertWithin(results, i => twins[i], i => 2 * sample.Allowed(i), $"{channels} channels");
            Assert.Equal(twinTail, tail);
        }
    }

    [Fact]
    public void Refuses_operands_of_different_shapes()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using GuardedMatrix weights = new(4, 3), s = new(2, 3), narrow = new(2, 2), low = new(1, 3);
        Assert.Throws<ArgumentOutOfRangeException>(() => CausalConvolution.Apply(context, weights, new float[2], s, s, []));
        Assert.Throws<ArgumentException>(() => CausalConvolution.Apply(context, weights, new float[3], narrow, s, []));
        Assert.Throws<ArgumentException>(() => CausalConvolution.Apply(context, weights, new float[3], s, narrow, []));
        Assert.Throws<ArgumentException>(() => CausalConvolution.Apply(context, weights, new float[3], s, low, []));
    }

    private sealed record Case(int Channels, int Taps, int Rows, float[] S, float[] Tail, float[] Weights, float[] Bias)
    {
        public Case(int channels, int taps, int rows, int seed)
            : this(channels, taps, rows, Terms(rows * channels, seed), Terms((taps - 1) * channels, seed + 1), Terms(taps * channels, seed + 2), Terms(channels, seed + 3))
        {
        }

        /// <summary>The tail, then s.</summary>
        public float[] Inputs { get; } = [.. Tail, .. S];

        public Case With(Case other) => this with { Weights = other.Weights, Bias = other.Bias };

        public Case WithSpecialInputs(int seed) => new(Channels, Taps, Rows, new Samples(seed).Mixed(S.Length), new Samples(seed + 1).Mixed(Tail.Length), Weights, Bias);

        public (double Exact, double Magnitude) Sum(int i)
        {
            int channel = i % Channels;
            double sum = Bias[channel], magnitude = Math.Abs(sum);
            for (int j = 0; j < Taps; j++)
            {
                double term = (double)Weights[(j * Channels) + channel] * Inputs[i + (j * Channels)];
                sum += term;
                magnitude += Math.Abs(term);
            }
            return (sum, magnitude);
        }

        // K products and K additions round; silu's slope is at most 1.1; then silu itself, 3.1 ulp, or 0 where e^−x overflows early.
        public double Allowed(int i)
        {
            (double exact, double magnitude) = Sum(i);
            return (1.1 * (Taps + 1) * Precise.Unit * magnitude) + (3.2 / (1 << 23) * Math.Abs(Precise.Silu(exact))) + 4e-37;
        }

        public (float[] Results, float[] Tail) Run(KernelContext context, int[] counts)
        {
            using GuardedMatrix s = new GuardedMatrix(Rows, Channels).Fill(S), c = new(Rows, Channels), weights = new GuardedMatrix(Taps, Channels).Fill(Weights);
            using GuardedMatrix tail = new GuardedMatrix(Taps - 1, Channels).Fill(Tail);
            int start = 0;
            foreach (int count in counts)
            {
                SequenceSlice slice = new() { Start = start, Count = count, ConvolutionTail = tail.Data };
                CausalConvolution.Apply(context, weights, Bias, s, c, new Span<SequenceSlice>(ref slice));
                start += count;
            }
            return (c.Values, tail.Values);
        }

        private static float[] Terms(int count, int seed) => new Samples(seed).Terms(count);
    }
}
