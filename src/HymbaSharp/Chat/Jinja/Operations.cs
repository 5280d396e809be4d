using System.Numerics;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Truth, equality, order and membership, as in Python.</summary>
internal static class Operations
{
    public static string TypeName(object value) => value switch
    {
        None => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        ListValue list => list.IsTuple ? "tuple" : "list",
        DictValue => "dict",
        IterableValue iterable => iterable.TypeName,
        NamespaceValue => "Namespace",
        LoopValue => "LoopContext",
        Undefined => "Undefined",
        _ => "function",
    };

    public static bool IsTrue(object value) => value switch
    {
        None or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        ListValue list => list.Items.Count > 0,
        DictValue dict => dict.Count > 0,
        IterableValue iterable => iterable.Count != 0,
        _ => true,
    };

    public static bool AreEqual(object left, object right, Budget budget)
    {
        budget.Charge();
        switch (left, right)
        {
            case (string a, string b):
                budget.Charge(Math.Min(a.Length, b.Length) / 64);
                return string.Equals(a, b, StringComparison.Ordinal);
            case (ListValue a, ListValue b):
                return a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count && AreAllEqual(a, b, budget);
            case (DictValue a, DictValue b):
                return a.Count == b.Count && AreAllEqual(a, b, budget);
            case (Undefined, Undefined):
                return true;
            default:
                return ReferenceEquals(left, right) || (Order(left, right) is { } order && order == 0);
        }
    }

    private static bool AreAllEqual(ListValue left, ListValue right, Budget budget)
    {
        Budget.EnsureStack();
        for (int i = 0; i < left.Items.Count; i++)
        {
            if (!AreEqual(left.Items[i], right.Items[i], budget))
                return false;
        }
        return true;
    }

    private static bool AreAllEqual(DictValue left, DictValue right, Budget budget)
    {
        Budget.EnsureStack();
        foreach ((object key, object value) in left.Items)
        {
            if (right.Find(key, budget) is not { } other || !AreEqual(value, other, budget))
                return false;
        }
        return true;
    }

    /// <summary>The order of two numbers; null when one is none, or is NaN.</summary>
    private static int? Order(object left, object right)
    {
        if (Arithmetic.AsInteger(left) is { } a && Arithmetic.AsInteger(right) is { } b)
            return a.CompareTo(b);
        if (!Arithmetic.IsNumber(left) || !Arithmetic.IsNumber(right))
            return null;
        (double x, double y) = (Arithmetic.AsDouble(left), Arithmetic.AsDouble(right));
        return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
    }

    public static bool Compare(Comparison comparison, object left, object right, Budget budget) => comparison switch
    {
        Comparison.Equal => AreEqual(left, right, budget),
        Comparison.NotEqual => !AreEqual(left, right, budget),
        Comparison.In => IsIn(left, right, budget),
        Comparison.NotIn => !IsIn(left, right, budget),
        Comparison.Less => OrderOf(left, right, "<", budget) is < 0,
        Comparison.LessOrEqual => OrderOf(left, right, "<=", budget) is <= 0,
        Comparison.Greater => OrderOf(left, right, ">", budget) is > 0,
        _ => OrderOf(left, right, ">=", budget) is >= 0,
    };

    /// <summary>The order of two values; null where one of them is NaN, which is neither less nor more than anything.</summary>
    public static int? OrderOf(object left, object right, string symbol, Budget budget)
    {
        budget.Charge();
        Undefined.Refuse(left);
        Undefined.Refuse(right);
        if (left is string a && right is string b)
        {
            budget.Charge(Math.Min(a.Length, b.Length) / 64);
            return string.CompareOrdinal(a, b);
        }
        if (Arithmetic.IsNumber(left) && Arithmetic.IsNumber(right))
            return Order(left, right);
        if (left is ListValue first && right is ListValue second && first.IsTuple == second.IsTuple)
        {
            Budget.EnsureStack();
            for (int i = 0; i < Math.Min(first.Items.Count, second.Items.Count); i++)
            {
                if (!AreEqual(first.Items[i], second.Items[i], budget))
                    return OrderOf(first.Items[i], second.Items[i], symbol, budget);
            }
            return first.Items.Count.CompareTo(second.Items.Count);
        }
        throw new JinjaFault($"'{symbol}' not supported between instances of '{TypeName(left)}' and '{TypeName(right)}'");
    }

    public static bool IsIn(object item, object container, Budget budget)
    {
        switch (container)
        {
            case string text when item is string part:
                budget.ChargeSearch(text, part);
                return text.Contains(part, StringComparison.Ordinal);
            case string:
                throw new JinjaFault($"'in <string>' requires string as left operand, not {TypeName(item)}");
            case DictValue when item is DictValue or ListValue { IsTuple: false }:
                throw new JinjaFault($"unhashable type: '{TypeName(item)}'");
            case DictValue dict:
                return dict.Find(item, budget) is not null;
            case NamespaceValue:
                throw new JinjaFault("argument of type 'Namespace' is not iterable");
            default:
                foreach (object candidate in Sequences.Items(container, budget))
                {
                    if (AreEqual(candidate, item, budget))
                        return true;
                }
                return false;
        }
    }
}
