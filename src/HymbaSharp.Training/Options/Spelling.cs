namespace HymbaSharp.Training.Options;

/// <summary>What somebody meant who wrote a name that does not exist.</summary>
internal static class Spelling
{
    /// <summary>The name with the fewest letters to change, add or take away; of equals the first.</summary>
    public static string Closest(string written, IEnumerable<string> names) => names.MinBy(name => Distance(written, name))!;

    /// <summary>The edit distance (Levenshtein 1966), by the usual table, of which two rows are kept.</summary>
    internal static int Distance(string first, string second)
    {
        int[] previous = [.. Enumerable.Range(0, second.Length + 1)], current = new int[second.Length + 1];
        for (int i = 1; i <= first.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= second.Length; j++)
            {
                int replaced = previous[j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, Math.Min(previous[j], current[j - 1]) + 1);
            }
            (previous, current) = (current, previous);
        }
        return previous[second.Length];
    }
}
