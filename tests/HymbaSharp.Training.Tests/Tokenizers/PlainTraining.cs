using System.Text.RegularExpressions;

namespace HymbaSharp.Training.Tests.Tokenizers;

/// <summary>Byte-pair training as one would write it down: every step counts every pair of every word anew. Digits are split, spaces not joined, and every character but line feeds has a piece.</summary>
internal sealed class PlainTraining
{
    public PlainTraining(IEnumerable<string> texts, int maxMerges, int minFrequency = 2, int maxLength = 16)
    {
        List<List<List<string>>> cut = [.. texts.Select(CutIntoWords)];
        Texts = cut;
        while (Merges.Count < maxMerges && FindBest(minFrequency, maxLength) is { } best)
        {
            Merges.Add(best);
            foreach (List<string> word in cut.SelectMany(words => words))
                Join(word, best);
        }
        Characters = [.. cut.SelectMany(words => words).SelectMany(word => string.Concat(word).EnumerateRunes()).Where(character => character.Value != '\n').Select(character => character.ToString()).Distinct()];
    }

    /// <summary>The words of each text, cut into pieces.</summary>
    public List<List<List<string>>> Texts { get; }

    public List<(string Left, string Right)> Merges { get; } = [];

    public HashSet<string> Characters { get; }

    private static List<List<string>> CutIntoWords(string text) =>
        text == "" ? [] : [.. Regex.Matches($" {text}".Replace(' ', '▁'), @"\d|\n|▁[^▁\d\n]*|[^▁\d\n]+").Select(word => word.Value.EnumerateRunes().Select(character => character.ToString()).ToList())];

    private (string, string)? FindBest(int minFrequency, int maxLength)
    {
        var counts = new Dictionary<(string, string), int>();
        foreach (List<string> word in Texts.SelectMany(words => words))
        {
            foreach ((string, string) pair in word.Zip(word.Skip(1)).Distinct().ToList())
            {
                List<string> copy = [.. word];
                Join(copy, pair);
                counts[pair] = counts.GetValueOrDefault(pair) + word.Count - copy.Count;
            }
        }
        return counts
            .Where(pair => pair.Value >= minFrequency && Length(pair.Key) <= maxLength)
            .OrderByDescending(pair => pair.Value)
            .ThenBy(pair => Length(pair.Key))
            .ThenBy(pair => pair.Key.Item1 + pair.Key.Item2, StringComparer.Ordinal)
            .Select(pair => ((string, string)?)pair.Key)
            .FirstOrDefault();
    }

    private static int Length((string Left, string Right) pair) => (pair.Left + pair.Right).EnumerateRunes().Count();

    private static void Join(List<string> word, (string Left, string Right) pair)
    {
        for (int i = 0; i + 1 < word.Count; i++)
        {
            if (word[i] == pair.Left && word[i + 1] == pair.Right)
            {
                word[i] += word[i + 1];
                word.RemoveAt(i + 1);
            }
        }
    }
}
