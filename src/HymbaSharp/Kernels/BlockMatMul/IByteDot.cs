namespace HymbaSharp.Kernels;

/// <summary>
/// The integer operations the block kernels are written in: <typeparamref name="V"/> is a vector of 32-bit lanes, each of which also stands for
/// four bytes. Sums are exact, so every implementation gives the same numbers.
/// </summary>
internal unsafe interface IByteDot<V, F> where V : struct where F : struct
{
    /// <summary>32-bit lanes of a vector.</summary>
    static abstract int Count { get; }

    /// <summary>Whether quants of eight bits are taken as signed, 128 less than stored, so that no offset is owed for their zero.</summary>
    static abstract bool IsSigned { get; }

    static abstract V Zero { get; }

    static abstract V Create(int value);

    static abstract V Load(byte* source);

    /// <summary>Four bytes, repeated in every lane.</summary>
    static abstract V Broadcast(sbyte* source);

    /// <summary>The lower four bits of every byte.</summary>
    static abstract V LowNibbles(V bytes);

    /// <summary>The upper four bits of every byte.</summary>
    static abstract V HighNibbles(V bytes);

    static abstract V Add(V a, V b);

    /// <summary>Each lane plus the four products of its quants, 0 … 15, and its activations, −127 … 127.</summary>
    static abstract V DotNibbles(V sum, V quants, V activations);

    /// <summary>As <see cref="DotNibbles"/>, of quants 1 … 255, or of these less 128 where <see cref="IsSigned"/>.</summary>
    static abstract V DotBytes(V sum, V quants, V activations);

    /// <summary>The lanes as floats.</summary>
    static abstract F ToSingle(V lanes);
}
