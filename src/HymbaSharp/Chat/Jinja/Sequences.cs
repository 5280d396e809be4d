namespace HymbaSharp.Chat.Jinja;

/// <summary>Iteration, concatenation and slices.</summary>
internal static class Sequences
{
    /// <summary>The elements of an iterable value, charged.</summary>
    public static IReadOnlyList<object> Items(object value, Budget budget)
    {
        IReadOnlyList<object> items = value switch
        {
            ListValue list => list.Items,
            string text => PythonText.CodePoints(text, budget),
            DictValue dict => [.. dict.Keys],
            IterableValue iterable => iterable.Read(),
            Undefined => [],
            _ => throw new JinjaFault($"'{Operations.TypeName(value)}' object is not iterable"),
        };
        budget.Charge(1 + items.Count);
        return items;
    }

    public static bool IsIterable(object value) => value is ListValue or string or DictValue or IterableValue or Undefined;

    /// <summary>The length, or null where the value has none.</summary>
    public static long? Length(object value, Budget budget)
    {
        switch (value)
        {
            case string text:
                budget.ChargeRead(text);
                return PythonText.Length(text);
            case ListValue list:
                return list.Items.Count;
            case DictValue dict:
                return dict.Count;
            case IterableValue iterable:
                return iterable.Count;
            default:
                return value is Undefined ? 0 : null;
        }
    }

    public static ListValue Concat(ListValue left, ListValue right, Budget budget)
    {
        budget.Charge(left.Items.Count + right.Items.Count);
        return new ListValue([.. left.Items, .. right.Items], left.IsTuple);
    }

    public static ListValue Repeat(ListValue list, long count, Budget budget)
    {
        if (count <= 0 || list.Items.Count == 0)
            return new ListValue([], list.IsTuple);
        budget.Charge(count > Budget.MaxWork ? Budget.MaxWork : list.Items.Count * count);
        List<object> items = new(list.Items.Count * (int)count);
        for (long i = 0; i < count; i++)
            items.AddRange(list.Items);
        return new ListValue(items, list.IsTuple);
    }

    /// <summary>The item at an index, from the end where it is negative; null outside.</summary>
    public static object? At(IReadOnlyList<object> items, long index)
    {
        if (index < 0)
            index += items.Count;
        return index >= 0 && index < items.Count ? items[(int)index] : null;
    }

    /// <summary>The code point at an index, from the end where it is negative; null outside.</summary>
    public static object? At(string text, long index, Budget budget)
    {
        budget.ChargeRead(text);
        if (!PythonText.IsPlain(text))
            return At(PythonText.CodePoints(text, budget), index);
        if (index < 0)
            index += text.Length;
        return index >= 0 && index < text.Length ? text[(int)index].ToString() : null;
    }

    public static object Slice(object value, object? start, object? stop, object? step, Budget budget)
    {
        Undefined.Refuse(value);
        switch (value)
        {
            case string text when Bound(step) is null or 1 && PythonText.IsPlain(text):
                budget.ChargeText(text.Length);
                long first = Clamp(Bound(start), 0, text.Length, isForward: true);
                long last = Clamp(Bound(stop), text.Length, text.Length, isForward: true);
                return first < last ? text[(int)first..(int)last] : "";
            case string text:
                List<object> points = PythonText.CodePoints(text, budget);
                return string.Concat(Slice(points, Bound(start), Bound(stop), Bound(step) ?? 1, budget));
            case ListValue list:
                return new ListValue(Slice(list.Items, Bound(start), Bound(stop), Bound(step) ?? 1, budget), list.IsTuple);
            default:
                throw new JinjaFault($"'{Operations.TypeName(value)}' object cannot be sliced");
        }
    }

    private static long? Bound(object? bound) => bound switch
    {
        null or None => null,
        long number => number,
        bool truth => truth ? 1 : 0,
        _ => throw new JinjaFault("the bounds of a slice must be integers or none"),
    };

    private static List<object> Slice(IReadOnlyList<object> items, long? start, long? stop, long step, Budget budget)
    {
        if (step == 0)
            throw new JinjaFault("slice step cannot be zero");
        bool isForward = step > 0;
        long first = Clamp(start, isForward ? 0 : items.Count - 1, items.Count, isForward);
        long last = Clamp(stop, isForward ? items.Count : -1, items.Count, isForward);
        List<object> slice = [];
        // A step beyond the length takes one element; clamping it keeps the sum in range.
        step = Math.Clamp(step, -items.Count - 1L, items.Count + 1L);
        for (long i = first; isForward ? i < last : i > last; i += step)
            slice.Add(items[(int)i]);
        budget.Charge(1 + slice.Count);
        return slice;
    }

    private static long Clamp(long? bound, long otherwise, int count, bool isForward)
    {
        if (bound is not { } value)
            return otherwise;
        if (value < 0)
            value += count;
        return isForward ? Math.Clamp(value, 0, count) : Math.Clamp(value, -1, count - 1L);
    }
}
