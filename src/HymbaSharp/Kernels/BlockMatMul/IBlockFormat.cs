using System.Runtime.CompilerServices;

namespace HymbaSharp.Kernels;

/// <summary>Quants of one width, as the block kernels read them: two quads of columns, a pair, at a time.</summary>
internal unsafe interface IBlockFormat
{
    /// <summary>Pairs of a block.</summary>
    static abstract int Pairs { get; }

    /// <summary>Bytes of a pair for all rows of a group.</summary>
    static abstract int PairBytes { get; }

    /// <summary>Whether an offset is owed for the quants' zero.</summary>
    static abstract bool HasOffset<D, V, F>() where D : struct, IByteDot<V, F> where V : struct where F : struct;

    /// <summary>The quants of a pair's first quad, from the lane's place on.</summary>
    static abstract V First<D, V, F>(byte* source) where D : struct, IByteDot<V, F> where V : struct where F : struct;

    /// <summary>The quants of a pair's second quad, from the lane's place on.</summary>
    static abstract V Second<D, V, F>(byte* source) where D : struct, IByteDot<V, F> where V : struct where F : struct;

    static abstract V Dot<D, V, F>(V sum, V quants, V activations) where D : struct, IByteDot<V, F> where V : struct where F : struct;
}

/// <summary>Q8.</summary>
internal unsafe struct Blocks8 : IBlockFormat
{
    public static int Pairs => 8;

    public static int PairBytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasOffset<D, V, F>() where D : struct, IByteDot<V, F> where V : struct where F : struct => !D.IsSigned;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V First<D, V, F>(byte* source) where D : struct, IByteDot<V, F> where V : struct where F : struct => D.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Second<D, V, F>(byte* source) where D : struct, IByteDot<V, F> where V : struct where F : struct => D.Load(source + (PairBytes / 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Dot<D, V, F>(V sum, V quants, V activations) where D : struct, IByteDot<V, F> where V : struct where F : struct =>
        D.DotBytes(sum, quants, activations);
}

/// <summary>Q4.</summary>
internal unsafe struct Blocks4 : IBlockFormat
{
    public static int Pairs => 4;

    public static int PairBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasOffset<D, V, F>() where D : struct, IByteDot<V, F> where V : struct where F : struct => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V First<D, V, F>(byte* source) where D : struct, IByteDot<V, F> where V : struct where F : struct => D.LowNibbles(D.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Second<D, V, F>(byte* source) where D : struct, IByteDot<V, F> where V : struct where F : struct => D.HighNibbles(D.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Dot<D, V, F>(V sum, V quants, V activations) where D : struct, IByteDot<V, F> where V : struct where F : struct =>
        D.DotNibbles(sum, quants, activations);
}
