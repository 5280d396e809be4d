using System.Numerics;

namespace HymbaSharp.Chat.Jinja;

/// <summary>Writes a value as Python's <c>json.dumps</c> does.</summary>
internal sealed class JsonWriter(TextBuffer buffer, string? indent, string between, string colon, bool asciiOnly, bool sortKeys)
{
    public void Write(object value, int depth)
    {
        Budget.EnsureStack();
        switch (value)
        {
            case None:
                buffer.Append("null");
                break;
            case bool truth:
                buffer.Append(truth ? "true" : "false");
                break;
            case double number when !double.IsFinite(number):
                buffer.Append(double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                break;
            case long or double or BigInteger:
                buffer.Append(Representation.Number(value));
                break;
            case string text:
                WriteText(text);
                break;
            case ListValue list:
                WriteAll('[', ']', list.Items, item => Write(item, depth + 1), depth);
                break;
            case DictValue dict:
                IReadOnlyList<KeyValuePair<object, object>> items = sortKeys ? Sorted(dict) : dict.Items;
                WriteAll('{', '}', items, item => WriteMember(item, depth), depth);
                break;
            case Undefined undefined:
                throw new JinjaFault($"{undefined.Message}, and what is undefined has no JSON");
            default:
                throw new JinjaFault($"Object of type {Operations.TypeName(value)} is not JSON serializable");
        }
    }

    private void WriteAll<T>(char opening, char closing, IReadOnlyList<T> items, Action<T> write, int depth)
    {
        buffer.Append(opening);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                buffer.Append(between);
            WriteLineBreak(depth + 1);
            write(items[i]);
        }
        if (items.Count > 0)
            WriteLineBreak(depth);
        buffer.Append(closing);
    }

    private void WriteLineBreak(int depth)
    {
        if (indent is null)
            return;
        buffer.Append('\n');
        for (int i = 0; i < depth; i++)
            buffer.Append(indent);
    }

    private void WriteMember(KeyValuePair<object, object> member, int depth)
    {
        string name = member.Key switch
        {
            string text => text,
            None => "null",
            bool truth => truth ? "true" : "false",
            object number => Representation.Number(number),
        };
        WriteText(name);
        buffer.Append(colon);
        Write(member.Value, depth + 1);
    }

    private List<KeyValuePair<object, object>> Sorted(DictValue dict)
    {
        List<KeyValuePair<object, object>> items = [.. dict.Items];
        return Ordering.Sort(items, item => item.Key, isReversed: false, buffer.Budget);
    }

    private void WriteText(string text)
    {
        buffer.Append('"');
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            string? escape = Escape(text[i]);
            if (escape is null)
                continue;
            buffer.Append(text[start..i]);
            buffer.Append(escape);
            start = i + 1;
        }
        buffer.Append(text[start..]);
        buffer.Append('"');
    }

    private string? Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => $"\\u{(int)c:x4}",
        > '~' when asciiOnly => $"\\u{(int)c:x4}",
        _ => null,
    };
}
