using HymbaSharp.Kernels;

namespace HymbaSharp.Training.Kernels;

/// <summary>Rows of numbers in unmanaged memory, one every <paramref name="stride"/> elements.</summary>
internal readonly unsafe struct Strided<T>(T* data, nint stride) where T : unmanaged
{
    /// <summary>Where row <paramref name="row"/> begins.</summary>
    public T* this[nint row] => data + (row * stride);

    /// <summary>Elements from a row to the next.</summary>
    public nint Stride => stride;
}

/// <summary>One document and one key/value head with the query heads that share it: what a kernel works on. Rows count from the document's first.</summary>
internal readonly struct DocumentHead<T> where T : unmanaged
{
    public required AttentionHeads Heads { get; init; }

    public required AttentionMask Mask { get; init; }

    /// <summary>Rows of the document.</summary>
    public required int Tokens { get; init; }

    /// <summary>[tokens, group · Dk].</summary>
    public required Strided<T> Queries { get; init; }

    /// <summary>[tokens, Dk].</summary>
    public required Strided<T> Keys { get; init; }

    /// <summary>[tokens, Dv].</summary>
    public required Strided<T> Values { get; init; }

    /// <summary>[tokens, group · Dv].</summary>
    public required Strided<T> Results { get; init; }

    /// <summary>[tokens, group].</summary>
    public required Strided<T> LogSums { get; init; }

    /// <summary>[tokens, group · Dv]; backward only.</summary>
    public Strided<T> ResultGradients { get; init; }

    /// <summary>[tokens, group · Dk]; backward only.</summary>
    public Strided<T> QueryGradients { get; init; }

    /// <summary>[tokens, Dk]; backward only.</summary>
    public Strided<T> KeyGradients { get; init; }

    /// <summary>[tokens, Dv]; backward only.</summary>
    public Strided<T> ValueGradients { get; init; }

    /// <summary>Whether the query at position <paramref name="a"/> sees the key at position <paramref name="b"/>.</summary>
    public bool Sees(int a, int b) => b <= a && (Mask.Global || a - b <= Mask.Window || b < Mask.MetaTokens);
}
