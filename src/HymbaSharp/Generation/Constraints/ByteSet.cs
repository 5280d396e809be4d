using System.Numerics;

namespace HymbaSharp.Generation.Constraints;

/// <summary>A set of byte values.</summary>
internal readonly record struct ByteSet(ulong Bits0, ulong Bits1, ulong Bits2, ulong Bits3)
{
    public bool IsEmpty => (Bits0 | Bits1 | Bits2 | Bits3) == 0;

    public int Count => BitOperations.PopCount(Bits0) + BitOperations.PopCount(Bits1) + BitOperations.PopCount(Bits2) + BitOperations.PopCount(Bits3);

    public static ByteSet Of(byte value) => Range(value, value);

    /// <summary>The values from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public static ByteSet Range(int first, int last) => new(Word(first, last, 0), Word(first, last, 64), Word(first, last, 128), Word(first, last, 192));

    public bool Contains(int value) => ((value switch { < 64 => Bits0, < 128 => Bits1, < 192 => Bits2, _ => Bits3 }) >> (value & 63) & 1) != 0;

    public static ByteSet operator |(ByteSet a, ByteSet b) => new(a.Bits0 | b.Bits0, a.Bits1 | b.Bits1, a.Bits2 | b.Bits2, a.Bits3 | b.Bits3);

    public static ByteSet operator &(ByteSet a, ByteSet b) => new(a.Bits0 & b.Bits0, a.Bits1 & b.Bits1, a.Bits2 & b.Bits2, a.Bits3 & b.Bits3);

    public ByteSet Except(ByteSet other) => new(Bits0 & ~other.Bits0, Bits1 & ~other.Bits1, Bits2 & ~other.Bits2, Bits3 & ~other.Bits3);

    private static ulong Word(int first, int last, int start)
    {
        int low = Math.Max(first - start, 0), high = Math.Min(last - start, 63);
        return low > high ? 0 : ulong.MaxValue >> (63 - (high - low)) << low;
    }
}
