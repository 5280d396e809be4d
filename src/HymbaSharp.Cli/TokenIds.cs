using System.Globalization;

namespace HymbaSharp.Cli;

/// <summary>Token ids as people and files give them.</summary>
internal static class TokenIds
{
    private static readonly char[] Separators = [' ', ',', '\t', '\r', '\n', '[', ']'];

    /// <summary>Ids separated by commas or white space, in brackets or not.</summary>
    /// <exception cref="UsageException">Something else stands there; <paramref name="source"/> names where.</exception>
    public static int[] Parse(string text, string source) =>
        [.. text.Split(Separators, StringSplitOptions.RemoveEmptyEntries).Select((word, index) =>
            int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int id)
                ? id
                : throw new UsageException($"{source}: '{word}' at index {index} is no token id; expected whole numbers separated by commas or spaces."))];

    /// <summary>Refuses ids outside the vocabulary.</summary>
    /// <exception cref="UsageException">The first such id, named with its index.</exception>
    public static void Check(ReadOnlySpan<int> ids, int vocabularySize, string source)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)vocabularySize)
                throw new UsageException($"{source}: {ids[i]} at index {i} is no token of this model; ids are 0 to {vocabularySize - 1}.");
        }
    }
}
