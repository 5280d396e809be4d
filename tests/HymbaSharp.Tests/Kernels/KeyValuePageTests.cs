using HymbaSharp.Kernels;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class KeyValuePageTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 6, 17)]
    [InlineData(5, 64, 128)]
    public void Reads_back_what_was_written_and_stays_in_the_page(int heads, int keySize, int valueSize)
    {
        KeyValuePage page = new(heads, keySize, valueSize);
        using GuardedMemory memory = new(page.Bytes);
        float* data = (float*)memory.Block(page.Bytes, Edge.End);
        float[] keys = new Samples(1).Terms(KeyValuePage.Rows * heads * keySize), values = new Samples(2).Terms(KeyValuePage.Rows * heads * valueSize);
        for (int row = 0; row < KeyValuePage.Rows; row++)
            page.Write(data, row, keys.AsSpan(row * heads * keySize, heads * keySize), values.AsSpan(row * heads * valueSize, heads * valueSize));
        float[] key = new float[heads * keySize], value = new float[heads * valueSize];
        for (int row = 0; row < KeyValuePage.Rows; row++)
        {
            page.Read(data, row, key, value);
            Assert.Equal(keys[(row * key.Length)..((row + 1) * key.Length)], key);
            Assert.Equal(values[(row * value.Length)..((row + 1) * value.Length)], value);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Read(data, KeyValuePage.Rows, key, value));
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Write(data, -1, key, value));
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Write(data, 0, key.AsSpan(1), value));
        Assert.Throws<ArgumentOutOfRangeException>(() => page.Write(data, 0, key, value.AsSpan(1)));
    }

    [Fact]
    public void Keeps_the_nearest_bfloat16_in_half_the_bytes()
    {
        KeyValuePage page = new(2, 6, 17, KeyValueType.BF16);
        Assert.Equal(new KeyValuePage(2, 6, 17).Bytes / 2, page.Bytes);
        using GuardedMemory memory = new(page.Bytes);
        void* data = memory.Block(page.Bytes, Edge.End);
        float[] keys = new Samples(1).Terms(12), values = new Samples(2).Terms(34), key = new float[12], value = new float[34];
        (keys[0], keys[1], values[0]) = (float.NaN, float.PositiveInfinity, -0f);
        page.Write(data, 63, keys, values);
        page.Read(data, 63, key, value);
        for (int i = 0; i < keys.Length; i++)
            Assert.Equal(StoredNearest(keys[i]), key[i]);
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(StoredNearest(values[i]), value[i]);

        static float StoredNearest(float value)
        {
            if (!float.IsFinite(value))
                return value;
            float below = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000), above = BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000) + 0x10000);
            return Math.Abs(value - below) <= Math.Abs(above - value) ? below : above;
        }
    }

    [Fact]
    public void The_mask_of_a_page_is_the_mask_of_its_positions()
    {
        foreach (AttentionMask mask in (AttentionMask[])[new(true, 0, 0), new(false, 1, 0), new(false, 30, 5), new(false, 64, 64), new(false, 100, 70), new(false, 200, 130)])
        {
            for (int a = 0; a < 400; a++)
            {
                for (int page = 0; page <= a / KeyValuePage.Rows; page++)
                {
                    (int metaEnd, int windowStart, int end) = mask.Rows(page, a);
                    for (int row = 0; row < KeyValuePage.Rows; row++)
                    {
                        int b = (page * KeyValuePage.Rows) + row;
                        bool sees = b <= a && (mask.Global || a - b <= mask.Window || b < mask.MetaTokens);
                        Assert.Equal(sees, row < metaEnd || (row >= windowStart && row < end));
                        Assert.True(!sees || mask.Reaches(page, a), $"{mask}: {a} sees {b}");
                    }
                }
            }
        }
    }
}
