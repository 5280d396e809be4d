using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Kernels;

public sealed class AttentionTests
{
    private static readonly AttentionMask Global = new(Global: true, Window: 0, MetaTokens: 0);

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Agrees_with_a_plain_softmax_for_every_group_and_head_size(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        int[] positions = [0, 1, 3, 62, 63, 64, 65, 127, 130, 200];
        int[] counts = [1, 2, 3, 7, 13, 64, 70];
        for (int group = 1; group <= 8; group++)
        {
            foreach ((int keySize, int valueSize) in (ReadOnlySpan<(int, int)>)[(1, 1), (2, 3), (5, 16), (8, 17), (17, 5), (33, 31), (64, 48)])
            {
                int i = (group * 7) + keySize + valueSize;
                AttentionMask mask = (i % 3) switch { 0 => Global, 1 => new(false, Window: 1 + (i * 11 % 90), MetaTokens: i * 5 % 70), _ => new(false, Window: 100 + (i % 31), MetaTokens: 0) };
                Check(context, new AttentionShape(1 + (i % 3), group, keySize, valueSize, mask), positions[i % positions.Length], counts[i % counts.Length], seed: i);
            }
        }
    }

    /// <summary>Keys and values in bfloat16 are the right-hand side once they are widened.</summary>
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Agrees_with_a_plain_softmax_over_bfloat16(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach ((int position, int count) in (ReadOnlySpan<(int, int)>)[(0, 1), (63, 3), (130, 70), (511, 1), (1024, 1)])
        {
            foreach (AttentionMask mask in (AttentionMask[])[Global, new(false, 40, 10)])
                Check(context, new AttentionShape(Heads: 2, Group: 3, KeySize: 17, ValueSize: 20, mask, KeyValueType.BF16), position, count, seed: position);
        }
    }

    /// <summary>Windows smaller and larger than a page, meta tokens that end inside one, and where all of it is far behind.</summary>
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Sees_window_and_meta_tokens_and_nothing_else(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int window in (int[])[1, 2, 16, 63, 64, 65, 130])
        {
            foreach (int meta in (int[])[0, 1, 5, 63, 64, 70, 128])
            {
                AttentionShape shape = new(Heads: 1, Group: 2, KeySize: 6, ValueSize: 5, new AttentionMask(false, window, meta));
                foreach ((int position, int count) in (ReadOnlySpan<(int, int)>)[(0, 1), (0, 9), (meta, 3), (meta + window, 2), (meta + window + 1, 1), (500, 5), (320, 66)])
                    Check(context, shape, position, count, seed: window + meta + position);
            }
        }
    }

    /// <summary>A lone token over more than eight pages is cut into runs whose results are merged.</summary>
    [Theory]
    [ClassData(typeof(EachPath))]
    public void A_lone_token_far_into_a_sequence_merges_its_runs(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(3));
        foreach (AttentionMask mask in (AttentionMask[])[Global, new(false, 700, 70), new(false, 20, 5), new(false, 1500, 0)])
        {
            foreach (int position in (int[])[510, 511, 512, 513, 1023, 1024, 1700])
                Check(context, new AttentionShape(Heads: 2, Group: 3, KeySize: 8, ValueSize: 9, mask), position, count: 1, seed: position);
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void A_weight_that_outshines_all_others_and_weights_that_are_equal_are_exact(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        AttentionShape shape = new(Heads: 1, Group: 1, KeySize: 4, ValueSize: 3, Global);
        foreach (int position in (int[])[0, 5, 100, 600])
        {
            // Equal keys: the mean of the values. And one score 200 above the rest: its value alone.
            using AttentionCase equal = new(shape, position, 1, seed: 1, (_, keys, values) => { Array.Fill(keys, 0.5f); Array.Fill(values, 0.75f); });
            Assert.All(equal.Run(context), value => Assert.InRange(value, 0.75f * (1 - 4e-5f), 0.75f * (1 + 4e-5f)));
            using AttentionCase single = new(shape, position, 1, seed: 1, (queries, keys, values) =>
            {
                Array.Fill(queries, 1f);
                Array.Fill(keys, -50f);
                keys.AsSpan((position / 2) * 4, 4).Fill(50f);
                values.AsSpan((position / 2) * 3, 3).Fill(7f);
            });
            Assert.Equal([7f, 7f, 7f], single.Run(context));
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Slices_of_a_batch_do_not_touch_each_other_nor_do_threads(KernelPath path)
    {
        AttentionShape shape = new(Heads: 2, Group: 5, KeySize: 16, ValueSize: 9, new AttentionMask(false, Window: 600, MetaTokens: 10));
        AttentionCase[] cases = [new(shape, 0, 30, seed: 1), new(shape, 900, 1, seed: 2), new(shape, 77, 1, seed: 3), new(shape, 610, 70, seed: 4), new(shape, 511, 1, seed: 5)];
        using KernelContext single = new(path, new WorkerPool(1));
        float[][] alone = [.. cases.Select(sample => sample.Run(single))];
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            using KernelContext context = new(path, new WorkerPool(threads));
            using Attention attention = new(shape.Page, shape.QueryHeads);
            // Twice, and the other way round: what a step leaves in scratch must not matter to the next.
            Assert.Equal(alone, AttentionCase.Run(context, attention, shape, cases));
            Assert.Equal(alone.Reverse(), AttentionCase.Run(context, attention, shape, [.. cases.Reverse()]));
        }
        foreach (AttentionCase sample in cases)
            sample.Dispose();
    }

    /// <summary>Chunks of a prompt give the bits of one pass, but for a lone token over more than eight pages, whose runs are merged.</summary>
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_cut_of_a_prompt_gives_the_same_bits(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (AttentionMask mask in (AttentionMask[])[Global, new(false, 40, 7)])
        {
            AttentionShape shape = new(Heads: 1, Group: 4, KeySize: 8, ValueSize: 5, mask);
            const int count = 150;
            int width = shape.QueryHeads * shape.ValueSize;
            using AttentionCase whole = new(shape, 0, count, seed: 9);
            float[] expected = whole.Run(context);
            foreach (int chunk in (int[])[1, 2, 15, 16, 64, 149])
            {
                for (int start = 0; start < count; start += chunk)
                {
                    int rows = Math.Min(chunk, count - start);
                    using AttentionCase part = whole.Cut(start, rows);
                    Assert.Equal(expected[(start * width)..((start + rows) * width)], part.Run(context));
                }
            }
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void A_NaN_that_a_query_sees_reaches_its_result(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        // The first key alone is seen of its page: nothing else there has a score.
        AttentionShape window = new(Heads: 1, Group: 2, KeySize: 4, ValueSize: 3, new AttentionMask(false, Window: 10, MetaTokens: 1));
        foreach (AttentionShape shape in (AttentionShape[])[window, window with { Mask = Global }])
        {
            foreach (int position in (int[])[0, 5, 63, 200, 700])
            {
                using AttentionCase key = new(shape, position, 1, seed: 1, (_, keys, _) => keys[2] = float.NaN);
                Assert.All(key.Run(context), value => Assert.True(float.IsNaN(value), $"key, position {position}"));
                using AttentionCase last = new(shape, position, 1, seed: 1, (_, keys, _) => keys[^1] = float.NaN);
                Assert.All(last.Run(context), value => Assert.True(float.IsNaN(value), $"last key, position {position}"));
                // One head's query, and one dimension of the values.
                using AttentionCase query = new(shape, position, 1, seed: 1, (queries, _, _) => queries[5] = float.NaN);
                Assert.Equal([false, false, false, true, true, true], query.Run(context).Select(float.IsNaN));
                using AttentionCase value = new(shape, position, 1, seed: 1, (_, _, values) => values[1] = float.NaN);
                Assert.Equal([false, true, false, false, true, false], value.Run(context).Select(float.IsNaN));
            }
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void A_score_of_minus_infinity_is_a_key_not_seen(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1));
        AttentionShape shape = new(Heads: 1, Group: 1, KeySize: 1, ValueSize: 1, Global);
        // The first page's scores overflow; the rest are equal, of value 2.
        using AttentionCase sample = new(shape, position: 100, 1, seed: 1, (queries, keys, values) =>
        {
            queries[0] = 1e20f;
            Array.Fill(keys, 0f);
            keys.AsSpan(0, 64).Fill(-1e30f);
            Array.Fill(values, 2f);
            values.AsSpan(0, 64).Fill(5f);
        });
        Assert.Equal([2f], sample.Run(context));
    }

    [Fact]
    public void Refuses_operands_of_different_shapes()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using Attention attention = new(new KeyValuePage(heads: 1, keySize: 2, valueSize: 3), queryHeads: 2);
        using GuardedMatrix queries = new(2, 4), results = new(2, 6), low = new(1, 6);
        attention.Apply(context, queries, Global, [], results);
        Assert.Throws<ArgumentException>(() => attention.Apply(context, results, Global, [], results));
        Assert.Throws<ArgumentException>(() => attention.Apply(context, queries, Global, [], queries));
        Assert.Throws<ArgumentException>(() => attention.Apply(context, queries, Global, [], low));
    }

    private static void Check(KernelContext context, AttentionShape shape, int position, int count, int seed)
    {
        using AttentionCase sample = new(shape, position, count, seed);
        (double[] exact, double[] allowed) = sample.Exact();
        Precise.AssertWithin(sample.Run(context), i => exact[i], i => allowed[i], $"{shape}, {count} tokens from {position}");
    }
}
