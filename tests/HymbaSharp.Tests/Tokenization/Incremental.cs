using System.Text;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

internal static class Incremental
{
    /// <summary>Decodes token by token, and checks on the way that no piece of output ends or begins inside a surrogate pair.</summary>
    public static string Decode(Tokenizer tokenizer, ReadOnlySpan<int> ids, bool skipSpecial = false, bool continuesText = false)
    {
        var decoder = new IncrementalDecoder(tokenizer, skipSpecial, continuesText);
        var text = new StringBuilder();
        foreach (int id in ids)
            Add(decoder.Append(id));
        Add(decoder.Flush());
        return text.ToString();

        void Add(string part)
        {
            Assert.True(part.Length == 0 || !char.IsLowSurrogate(part[0]) && !char.IsHighSurrogate(part[^1]));
            text.Append(part);
        }
    }
}
