using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>
/// Quants of one width as <see cref="NibbleKernel{B}"/> reads them, a line of 64 bytes at a time: the lower four bits of each byte meet one quad of
/// activations, the upper four the next quad or the same. Runs are so short that their sums fit 16 bits: 8 · 2 · 15 · 127 &lt; 2¹⁵.
/// </summary>
internal interface INibbleFormat
{
    /// <summary>Runs of a block.</summary>
    static abstract int Runs { get; }

    /// <summary>Lines of a run.</summary>
    static abstract int Lines { get; }

    /// <summary>Quads of columns that a line holds.</summary>
    static abstract int Quads { get; }

    /// <summary>A run's sums of products in 32 bits, from those of the lower and of the upper bits.</summary>
    static abstract Vector512<int> Widen(Vector512<short> low, Vector512<short> high);
}

/// <summary>Q8: a quant is 16 · upper + lower, both times the same activation.</summary>
internal struct Nibbles8 : INibbleFormat
{
    public static int Runs => 2;

    public static int Lines => 8;

    public static int Quads => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(Vector512<short> low, Vector512<short> high) =>
        Avx512BW.MultiplyAddAdjacent(low, Vector512<short>.One) + Avx512BW.MultiplyAddAdjacent(high, Vector512.Create((short)16));
}

/// <summary>Q4: two quants in a byte.</summary>
internal struct Nibbles4 : INibbleFormat
{
    public static int Runs => 1;

    public static int Lines => 4;

    public static int Quads => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(Vector512<short> low, Vector512<short> high) =>
        Avx512BW.MultiplyAddAdjacent(low + high, Vector512<short>.One);
}
