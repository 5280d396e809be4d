using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels.Attention;

public sealed unsafe class PackedAttentionTests
{
    private static readonly AttentionMask Global = new(Global: true, Window: 0, MetaTokens: 0);

    private static readonly int[] Lengths = [1, 63, 64, 65, 200];

    public static TheoryData<KernelPath> Paths => [.. KernelPaths.Available];

    /// <summary>Groups of one head, of several, of more than a block's rows; sizes that fill vectors and that don't; masks in turn.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void Both_passes_agree_with_plain_attention_for_every_grouping_and_head_size(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        (int, int)[] groupings = [(1, 1), (3, 3), (4, 1), (8, 2), (10, 2), (7, 1), (64, 1)];
        (int, int)[] sizes = [(32, 64), (64, 128), (1, 1), (2, 3), (5, 17), (17, 5), (33, 31)];
        AttentionMask[] masks = [Global, new(false, Window: 20, MetaTokens: 7), new(false, Window: 64, MetaTokens: 0), new(false, Window: 33, MetaTokens: 16)];
        for (int i = 0; i < groupings.Length; i++)
        {
            for (int j = 0; j < sizes.Length; j++)
            {
                AttentionHeads heads = new(groupings[i].Item1, groupings[i].Item2, sizes[(i + j) % sizes.Length].Item1, sizes[(i + j) % sizes.Length].Item2);
                Check(context, PackedAttentionCase.Random(heads, masks[(i + j) % masks.Length], [Lengths[j % Lengths.Length]], seed: i + j));
            }
        }
    }

    /// <summary>Windows and meta tokens that end at, before and behind the edges of panels and vectors, in documents shorter and longer than both.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void Each_query_sees_its_window_and_the_meta_tokens_and_nothing_else(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        AttentionHeads heads = new(queryHeads: 2, keyValueHeads: 1, keySize: 4, valueSize: 3);
        foreach (int window in (int[])[0, 1, 16, 63, 64, 65, 130])
        {
            foreach (int meta in (int[])[0, 1, 63, 64, 70])
                Check(context, PackedAttentionCase.Random(heads, new(false, window, meta), Lengths, seed: window + meta));
        }
    }

    [Fact]
    public void The_twin_in_double_agrees_with_plain_attention()
    {
        foreach (AttentionMask mask in (AttentionMask[])[Global, new(false, Window: 5, MetaTokens: 3)])
        {
            PackedAttentionCase sample = PackedAttentionCase.Random(new(queryHeads: 4, keyValueHeads: 1, keySize: 5, valueSize: 3), mask, [70], seed: 3);
            ExactAttention exact = ExactAttention.Of(sample);
            double[] queries = ExactAttention.Widen(sample.Queries), keys = ExactAttention.Widen(sample.Keys), values = ExactAttention.Widen(sample.Values);
            double[] gradients = ExactAttention.Widen(sample.ResultGradients), results = new double[gradients.Length], logSums = new double[4 * 70];
            double[] queryGradients = new double[queries.Length], keyGradients = new double[keys.Length], valueGradients = new double[values.Length];
            fixed (double* q = queries, k = keys, v = values, y = results, sums = logSums, dy = gradients, dq = queryGradients, dk = keyGradients, dv = valueGradients)
            {
                DocumentHead<double> head = new()
                {
                    Heads = sample.Heads,
                    Mask = mask,
                    Tokens = 70,
                    Queries = new(q, 20),
                    Keys = new(k, 5),
                    Values = new(v, 3),
                    Results = new(y, 12),
                    LogSums = new(sums, 4),
                    ResultGradients = new(dy, 12),
                    QueryGradients = new(dq, 20),
                    KeyGradients = new(dk, 5),
                    ValueGradients = new(dv, 3),
                };
                ScalarPackedAttention<double>.Forward(head, 0, 70);
                ScalarPackedAttention<double>.Backward(head);
            }
            AssertClose(exact.Results.Values, results, 1e-12);
            AssertClose(exact.LogSums.Values, logSums, 1e-12);
            AssertClose(exact.QueryGradients.Values, queryGradients, 1e-12);
            AssertClose(exact.KeyGradients.Values, keyGradients, 1e-12);
            AssertClose(exact.ValueGradients.Values, valueGradients, 1e-12);
        }
    }

    /// <summary>Central differences of the sum over results · gradient, in double: off by the step squared and by the roundings over the step.</summary>
    [Fact]
    public void Plain_gradients_are_the_slopes_of_plain_attention()
    {
        const double step = 1e-5;
        AttentionHeads heads = new(queryHeads: 4, keyValueHeads: 2, keySize: 3, valueSize: 2);
        foreach (AttentionMask mask in (AttentionMask[])[Global, new(false, Window: 2, MetaTokens: 0), new(false, Window: 2, MetaTokens: 3)])
        {
            PackedAttentionCase sample = PackedAttentionCase.Random(heads, mask, [9], seed: 2);
            double[] queries = ExactAttention.Widen(sample.Queries), keys = ExactAttention.Widen(sample.Keys), values = ExactAttention.Widen(sample.Values);
            double[] gradient = ExactAttention.Widen(sample.ResultGradients);
            ExactAttention exact = ExactAttention.Of(sample);
            AssertClose(Slopes(queries), exact.QueryGradients.Values, 1e-8);
            AssertClose(Slopes(keys), exact.KeyGradients.Values, 1e-8);
            AssertClose(Slopes(values), exact.ValueGradients.Values, 1e-8);

            double[] Slopes(double[] variables)
            {
                double[] slopes = new double[variables.Length];
                for (int i = 0; i < slopes.Length; i++)
                {
                    double at = variables[i];
                    variables[i] = at + step;
                    double above = Sum();
                    variables[i] = at - step;
                    slopes[i] = (above - Sum()) / (2 * step);
                    variables[i] = at;
                }
                return slopes;
            }

            double Sum() => new ExactAttention(heads, mask, queries, keys, values).Results.Values.Zip(gradient, (result, slope) => result * slope).Sum();
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Packed_documents_give_the_bits_of_each_alone_for_any_number_of_threads(KernelPath path)
    {
        PackedAttentionCase packed = PackedAttentionCase.Random(new(6, 2, 12, 10), new(false, Window: 50, MetaTokens: 6), [65, 1, 0, 200, 130, 3, 64], seed: 8);
        using KernelContext single = new(path, new WorkerPool(1));
        PackedAttentionResult apart = PackedAttentionResult.Join(Enumerable.Range(0, packed.Lengths.Length).Select(i => packed.Document(i).Run(single)));
        foreach (int threads in (int[])[1, 2, 3])
        {
            using KernelContext context = new(path, new WorkerPool(threads));
            packed.Run(context).AssertSame(apart);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void What_lies_in_scratch_does_not_matter(KernelPath path)
    {
        PackedAttentionCase sample = PackedAttentionCase.Random(new(5, 1, 7, 9), new(false, Window: 40, MetaTokens: 3), [70, 10], seed: 4);
        using KernelContext fresh = new(path, new WorkerPool(1)), used = new(path, new WorkerPool(1));
        used.ReserveWorkerScratch(1 << 20);
        new Span<float>(used.WorkerScratch(0), 1 << 20).Fill(float.NaN);
        sample.Run(used).AssertSame(sample.Run(fresh));
    }

    /// <summary>Scores near ±10⁴, whose exponentials no float32 holds: in turn above and below what the query may see.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void Large_scores_do_not_overflow(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        foreach (AttentionMask mask in (AttentionMask[])[Global, new(false, Window: 30, MetaTokens: 5)])
        {
            PackedAttentionCase sample = PackedAttentionCase.Random(new(2, 1, 4, 3), mask, [130], seed: 6);
            Array.Fill(sample.Queries, 100f);
            for (int b = 0; b < 130; b++)
                sample.Keys.AsSpan(b * 4, 4).Fill(b % 3 == 0 ? -50f : b * 0.4f);
            // Scores rise by 80 a row but for every third, which is far below: the last of the others outshines all.
            PackedAttentionResult result = sample.Run(context);
            Assert.All(result.All, part => Assert.All(part.Values, value => Assert.True(float.IsFinite(value), part.Name)));
            for (int a = 1; a < 130; a++)
            {
                int brightest = a % 3 == 0 ? a - 1 : a;
                for (int h = 0; h < 2; h++)
                    Assert.Equal(sample.Values[(brightest * 3)..((brightest * 3) + 3)], result.Results[(((a * 2) + h) * 3)..((((a * 2) + h) * 3) + 3)]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_NaN_stays_in_its_document_and_its_head(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        PackedAttentionCase sample = PackedAttentionCase.Random(new(4, 2, 5, 3), new(false, Window: 10, MetaTokens: 2), [20, 40, 30], seed: 5);
        PackedAttentionResult before = sample.Run(context);
        // Row 25, the fifth of the second document, in the key of the second head.
        sample.Keys[(25 * 10) + 7] = float.NaN;
        PackedAttentionResult after = sample.Run(context);
        foreach ((float[] clean, float[] tainted, int heads) in (ReadOnlySpan<(float[], float[], int)>)
            [(before.Results, after.Results, 4), (before.QueryGradients, after.QueryGradients, 4), (before.KeyGradients, after.KeyGradients, 2)])
        {
            int width = clean.Length / 90 / heads;
            for (int i = 0; i < clean.Length; i++)
            {
                int row = i / width / heads, head = i / width % heads;
                if (row is < 20 or >= 60 || head < heads / 2)
                    Assert.Equal(clean[i], tainted[i]);
                else if (row == 25)
                    Assert.True(float.IsNaN(tainted[i]), $"row {row}, head {head}: {tainted[i]}");
            }
        }
    }

    [Fact]
    public void No_documents_are_no_work()
    {
        using KernelContext context = new(KernelPaths.Selected, new WorkerPool(1));
        PackedAttentionCase.Random(new(2, 1, 4, 4), Global, [], seed: 1).Run(context);
        PackedAttentionCase.Random(new(2, 1, 4, 4), Global, [0, 0], seed: 1).Run(context);
    }

    [Fact]
    public void Refuses_what_does_not_fit()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        AttentionHeads heads = new(queryHeads: 4, keyValueHeads: 2, keySize: 3, valueSize: 5);
        using StridedRows q = new(6, 12), k = new(6, 6), v = new(6, 10), y = new(6, 20), sums = new(6, 4), low = new(5, 12), lowKeys = new(5, 6);
        PackedAttentionOperands fitting = new() { Queries = q, Keys = k, Values = v, Results = y, LogSums = sums };
        PackedAttentionGradients gradients = new() { Results = y, Queries = q, Keys = k, Values = v };
        RowRange[] all = [new(0, 6)];
        PackedAttentionOperands[] operands =
        [
            fitting with { Queries = k }, fitting with { Keys = q }, fitting with { Values = k }, fitting with { Results = q }, fitting with { LogSums = k },
            fitting with { Queries = low }, fitting with { Keys = lowKeys },
        ];
        foreach (PackedAttentionOperands wrong in operands)
        {
            Assert.Throws<ArgumentException>(() => PackedAttention.Forward(context, heads, Global, all, wrong));
            Assert.Throws<ArgumentException>(() => PackedAttention.Backward(context, heads, Global, all, wrong, gradients));
        }
        PackedAttentionGradients[] others =
            [gradients with { Results = q }, gradients with { Queries = low }, gradients with { Keys = v }, gradients with { Values = lowKeys }];
        foreach (PackedAttentionGradients wrong in others)
            Assert.Throws<ArgumentException>(() => PackedAttention.Backward(context, heads, Global, all, fitting, wrong));
        RowRange[][] documents = [[], [new(0, 5)], [new(1, 5)], [new(0, 7)], [new(0, 4), new(3, 3)], [new(0, -1), new(-1, 7)], [new(0, int.MaxValue)]];
        foreach (RowRange[] wrong in documents)
        {
            Assert.Throws<ArgumentException>(() => PackedAttention.Forward(context, heads, Global, wrong, fitting));
            Assert.Throws<ArgumentException>(() => PackedAttention.Backward(context, heads, Global, wrong, fitting, gradients));
        }
        foreach (AttentionMask wrong in (AttentionMask[])[new(false, -1, 0), new(true, 0, -1)])
            Assert.Throws<ArgumentException>(() => PackedAttention.Forward(context, heads, wrong, all, fitting));
        Assert.Throws<ArgumentException>(() => new AttentionHeads(queryHeads: 5, keyValueHeads: 2, keySize: 1, valueSize: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AttentionHeads(queryHeads: 2, keyValueHeads: 2, keySize: 0, valueSize: 1));
    }

    private static void Check(KernelContext context, PackedAttentionCase sample)
    {
        PackedAttentionResult result = sample.Run(context);
        int rows = sample.Rows, start = 0;
        for (int i = 0; i < sample.Lengths.Length; i++)
        {
            int first = start, end = start += sample.Lengths[i];
            string what = $"{context.Path}, {sample.Heads}, {sample.Mask}, {sample.Lengths[i]} rows";
            ExactAttention.Of(sample.Document(i)).AssertMet(result.Rows(first, end, rows), what);
        }
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"element {i} is {actual[i]:R}, must be {expected[i]:R}");
    }
}
