using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>
/// Who has which id, in Llama 2's order: the special tokens, the 256 bytes, the learned pieces best first, the characters by
/// frequency, then the added tokens: the symbols and [PAD].
/// </summary>
internal static class TokenIds
{
    public const string Unknown = "<unk>", Bos = "<s>", Eos = "</s>", Pad = "[PAD]";

    public const int UnknownId = 0, BosId = 1, EosId = 2;

    public const int FirstByte = 3, FirstLearned = FirstByte + 256;

    public static readonly string[] Special = [Unknown, Bos, Eos];

    /// <summary>The tokens found in a text before it is cut into pieces; their values mean nothing.</summary>
    public static AddedTokenMatcher Matcher(TokenizerTrainingOptions options)
    {
        IEnumerable<string> contents = [.. Special, .. options.Symbols];
        return new AddedTokenMatcher((options.AddPadToken ? contents.Append(Pad) : contents).ToDictionary(content => content, _ => 0));
    }
}
