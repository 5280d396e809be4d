namespace HymbaSharp.Kernels;

/// <summary>
/// The vector operations the kernels are written in. A kernel is one generic body over <typeparamref name="V"/>; the runtime compiles
/// it once per width, and every call below becomes one or two instructions of that width.
/// </summary>
internal unsafe interface ISimd<V> where V : struct
{
    /// <summary>Lanes of float32 in a vector.</summary>
    static abstract int Count { get; }

    /// <summary>Columns of a register tile in vectors, beside six rows: 24 accumulators where there are 32 registers, 12 where there are 16.</summary>
    static abstract int TileVectors { get; }

    static abstract V Zero { get; }

    static abstract V Create(float value);

    static abstract V Load(float* source);

    static abstract void Store(V value, float* destination);

    /// <summary>Loads <see cref="Count"/> bfloat16 values, unaligned: the upper half of a float32's bits.</summary>
    static abstract V LoadBFloat16(ushort* source);

    /// <summary>Loads <see cref="Count"/> IEEE half values, unaligned, subnormals, infinities and NaN included.</summary>
    static abstract V LoadHalf(ushort* source);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary>a·b + c, fused where the hardware can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The larger lane; which operand wins when one is NaN is the hardware's choice.</summary>
    static abstract V MaxNative(V a, V b);

    static abstract V Abs(V a);

    /// <summary>Lane by lane: a &lt; b ? yes : no. A NaN compares false.</summary>
    static abstract V SelectLess(V a, V b, V yes, V no);

    /// <summary>Lane by lane: a where it is NaN, else <paramref name="otherwise"/>.</summary>
    static abstract V SelectNaN(V a, V otherwise);

    /// <summary>Adds the integer in the low bits of <paramref name="shifted"/> to the exponent field of <paramref name="value"/>.</summary>
    static abstract V AddExponent(V value, V shifted);

    /// <summary>The sum of all lanes.</summary>
    static abstract float Sum(V a);

    /// <summary>The largest lane.</summary>
    static abstract float Max(V a);
}
