using System.Security.Cryptography;
using HymbaSharp.Tests.Kernels;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Weights.Quantization;

public sealed unsafe class BlockQuantizerTests
{
    [Theory]
    [InlineData(WeightType.Q8, 1600, 16, 8.25)]
    [InlineData(WeightType.Q4, 1600, 16, 4.5)]
    [InlineData(WeightType.Q4, 5504, 1600, 4.5)]
    public void Takes_so_many_bits_a_weight(WeightType type, int columns, int rows, double bits)
    {
        BlockLayout layout = new(type, rows, columns);
        Assert.Equal(bits, 8.0 * layout.Bytes / ((long)rows * columns), tolerance: 0.02);
        Assert.Equal(0, layout.GroupBytes % 64);
        Assert.Equal(0, layout.QuantOffset % 64);
    }

    [Fact]
    public void Eight_bits_are_off_by_half_a_step()
    {
        float[] values = new Samples(1).Uniform(20 * 150, -3, 3);
        using GuardedBlocks blocks = new(WeightType.Q8, 20, 150, values);
        for (int i = 0; i < values.Length; i++)
        {
            int first = i - (i % 150 % 64), end = Math.Min(first + 64, i - (i % 150) + 150);
            // The scale is rounded up to eight bits of mantissa.
            double step = values[first..end].Max(MathF.Abs) / 127 * (1 + (1.0 / 128));
            Assert.InRange(Math.Abs(values[i] - blocks.Values[i]), 0, step / 2 * 1.0001);
        }
    }

    [Fact]
    public void Four_bits_are_better_than_the_plain_scale()
    {
        float[] values = [.. Enumerable.Range(0, 64 * 320).Select(i => (float)Normal(i))];
        using GuardedBlocks blocks = new(WeightType.Q4, 64, 320, values);
        double error = 0, plain = 0;
        for (int first = 0; first < values.Length; first += 32)
        {
            float extreme = values[first..(first + 32)].MaxBy(MathF.Abs), scale = extreme / -8;
            for (int i = first; i < first + 32; i++)
            {
                error += Math.Pow(values[i] - blocks.Values[i], 2);
                plain += Math.Pow(values[i] - (scale * Math.Clamp(MathF.Round(values[i] / scale), -8, 7)), 2);
            }
        }
        Assert.InRange(error / plain, 0.5, 0.95);
    }

    [Theory]
    [InlineData(WeightType.Q8, 127)]
    [InlineData(WeightType.Q4, 7)]
    public void What_is_representable_comes_back_as_it_was(WeightType type, int most)
    {
        Samples samples = new(1);
        float[] values = [.. Enumerable.Range(0, 18 * 96).Select(i => 0.03125f * (i % 32 == 0 ? -most - (type == WeightType.Q4 ? 1 : 0) : samples.Integer(-most, most)))];
        using GuardedBlocks blocks = new(type, 18, 96, values);
        Assert.Equal(values, blocks.Values);
    }

    [Theory]
    [InlineData(WeightType.Q8)]
    [InlineData(WeightType.Q4)]
    public void Zeros_and_the_tiniest_weights_are_no_special_case(WeightType type)
    {
        float[] values = new float[3 * 64];
        using (GuardedBlocks zeros = new(type, 3, 64, values))
            Assert.All(zeros.Values, value => Assert.Equal(0, value));
        values[5] = float.Epsilon;
        using GuardedBlocks tiny = new(type, 3, 64, values);
        Assert.All(tiny.Values, value => Assert.InRange(value, 0, 1e-30f));
    }

    [Fact]
    public void Importance_moves_the_error_to_the_columns_that_count_less()
    {
        const int columns = 64;
        float[] values = [.. Enumerable.Range(0, 16 * columns).Select(i => (float)Normal(i))];
        float[] importance = [.. Enumerable.Range(0, columns).Select(column => column % 8 == 0 ? 100f : 1f)];
        Assert.True(ErrorOfImportant(importance) < 0.8 * ErrorOfImportant([]));

        double ErrorOfImportant(float[] given)
        {
            BlockLayout layout = new(WeightType.Q4, 16, columns);
            byte[] group = new byte[layout.GroupBytes];
            BlockQuantizer.Write(layout, values, given, group);
            double error = 0;
            float[] row = new float[columns];
            fixed (byte* data = group)
            {
                for (int r = 0; r < 16; r++)
                {
                    BlockQuantizer.CopyRow(new WeightMatrix(WeightType.Q4, data, 16, columns), r, row);
                    for (int i = 0; i < columns; i += 8)
                        error += Math.Pow(row[i] - values[(r * columns) + i], 2);
                }
            }
            return error;
        }
    }

    [Theory]
    [InlineData(WeightType.Q8, "a9f65637c0fd290a")]
    [InlineData(WeightType.Q4, "af77dcb6911f09cd")]
    public void The_same_weights_give_the_same_bytes_on_every_machine(WeightType type, string hash)
    {
        float[] values = [.. Enumerable.Range(0, 16 * 200).Select(i => (float)Normal(i))];
        BlockLayout layout = new(type, 16, 200);
        byte[] group = new byte[layout.GroupBytes];
        BlockQuantizer.Write(layout, values, [], group);
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(group))[..16]);
    }

    [Fact]
    public void Refuses_what_does_not_fit()
    {
        BlockLayout layout = new(WeightType.Q8, 20, 10);
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockQuantizer.Write(layout, new float[10], [], new byte[7]));
        Assert.Throws<ArgumentException>(() => BlockQuantizer.Write(layout, new float[17 * 10], [], new byte[layout.GroupBytes]));
        Assert.Throws<ArgumentException>(() => BlockQuantizer.Write(layout, new float[15], [], new byte[layout.GroupBytes]));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockQuantizer.Write(layout, new float[10], new float[9], new byte[layout.GroupBytes]));
        Assert.Throws<ArgumentException>(() => new BlockLayout(WeightType.BF16, 1, 1));
    }

    /// <summary>Twelve uniform numbers of a counter make one that is nearly normal, of exact arithmetic.</summary>
    private static double Normal(int index)
    {
        ulong state = (ulong)index;
        double sum = -6;
        for (int i = 0; i < 12; i++)
        {
            state = (state * 6364136223846793005UL) + 1442695040888963407UL;
            sum += (state >> 40) / (double)(1 << 24);
        }
        return sum;
    }
}
