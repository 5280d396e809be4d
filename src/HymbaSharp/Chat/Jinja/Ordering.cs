namespace HymbaSharp.Chat.Jinja;

/// <summary>Sorting by values of a template.</summary>
internal static class Ordering
{
    /// <summary>
    /// A stable merge sort, also when reversed, as Python's is. The framework's own sorts refuse an order that contradicts itself,
    /// which NaN among the keys makes.
    /// </summary>
    public static List<T> Sort<T>(IReadOnlyList<T> items, Func<T, object> key, bool isReversed, Budget budget)
    {
        (object Key, T Item)[] sorted = [.. items.Select(item => (key(item), item))];
        (object Key, T Item)[] merged = new (object, T)[sorted.Length];
        for (int width = 1; width < sorted.Length; width *= 2)
        {
            for (int start = 0; start < sorted.Length; start += 2 * width)
                Merge(start, Math.Min(start + width, sorted.Length), Math.Min(start + 2 * width, sorted.Length));
            (sorted, merged) = (merged, sorted);
        }
        return [.. sorted.Select(entry => entry.Item)];

        void Merge(int left, int middle, int end)
        {
            int right = middle;
            for (int i = left; i < end; i++)
                merged[i] = right == end || (left < middle && !IsBefore(sorted[right].Key, sorted[left].Key)) ? sorted[left++] : sorted[right++];
        }

        bool IsBefore(object a, object b) =>
            (isReversed ? Operations.OrderOf(b, a, "<", budget) : Operations.OrderOf(a, b, "<", budget)) < 0;
    }

    /// <summary>What <c>sort</c>, <c>unique</c>, <c>min</c> and <c>max</c> compare texts by unless told to be case-sensitive.</summary>
    public static object IgnoreCase(object value, Budget budget)
    {
        if (value is not string text)
            return value;
        budget.ChargeText(text.Length);
        return text.ToLowerInvariant();
    }
}
