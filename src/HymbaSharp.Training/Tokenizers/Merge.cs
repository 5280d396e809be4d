namespace HymbaSharp.Training.Tokenizers;

/// <summary>Two pieces that become one.</summary>
/// <param name="Left">The piece before.</param>
/// <param name="Right">The piece behind.</param>
/// <param name="Count">How often the corpus joined them.</param>
internal readonly record struct Merge(string Left, string Right, long Count)
{
    public string Piece => Left + Right;
}
