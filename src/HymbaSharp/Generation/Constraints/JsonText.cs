using System.Text;
using System.Text.Json;

namespace HymbaSharp.Generation.Constraints;

/// <summary>
/// JSON (RFC 8259) as expressions. Between tokens stands nothing, but for one optional space after a colon and after a comma.
/// </summary>
internal static class JsonText
{
    // More would not fit an Int64, or lose what a double can hold.
    public const int MaxIntegerDigits = 18, MaxFractionDigits = 16;

    private const string ShortEscapes = "\"\"\\\\\bb\ff\nn\rr\tt"; // character, letter, character, letter …

    private static readonly CharacterSet Raw = CharacterSet.Of((0x20, CharacterSet.Last)).Except(CharacterSet.Of(('"', '"'), ('\\', '\\')));

    private static readonly CharacterSet BeyondAscii = CharacterSet.Of((0x80, CharacterSet.Last));

    private static readonly Expression AnyBeyondAscii = Named("(character)", BeyondAscii.Utf8());

    public static readonly Expression Digit = Expression.Bytes(ByteSet.Range('0', '9'));
    public static readonly Expression Comma = Expression.Sequence(Expression.Byte(','), Expression.Optional(Expression.Byte(' ')));
    public static readonly Expression Colon = Expression.Sequence(Expression.Byte(':'), Expression.Optional(Expression.Byte(' ')));
    public static readonly Expression Null = Expression.Literal("null");
    public static readonly Expression Boolean = Expression.Choice(Expression.Literal("true"), Expression.Literal("false"));

    /// <summary>A character of a string in any of its spellings; escapes of surrogates come in pairs.</summary>
    public static readonly Expression Character = Named("(character)", Expression.Choice(Raw.Utf8(), Escape()));

    public static readonly Expression String = Named("(string)", Quoted(Expression.Star(Expression.Choice(Raw.Utf8(), Escape()))));

    public static readonly Expression Integer = Named("(integer)", Expression.Choice(
        Expression.Byte('0'), Expression.Sequence(Expression.Optional(Expression.Byte('-')), Expression.Bytes(ByteSet.Range('1', '9')), Expression.Repeat(Digit, 0, MaxIntegerDigits - 1))));

    public static readonly Expression Number = Named("(number)", Expression.Sequence(
        Expression.Optional(Expression.Byte('-')),
        Expression.Choice(Expression.Byte('0'), Expression.Sequence(Expression.Bytes(ByteSet.Range('1', '9')), Expression.Repeat(Digit, 0, MaxIntegerDigits - 1))),
        Expression.Optional(Expression.Sequence(Expression.Byte('.'), Expression.Repeat(Digit, 1, MaxFractionDigits))),
        Expression.Optional(Expression.Sequence(
            Expression.Bytes(ByteSet.Of((byte)'e') | ByteSet.Of((byte)'E')), Expression.Optional(Expression.Bytes(ByteSet.Of((byte)'+') | ByteSet.Of((byte)'-'))), Expression.Repeat(Digit, 1, 2)))));

    private static readonly Rule ValueRule = new("(value)");

    public static readonly Expression Value = new ReferenceExpression(ValueRule);
    public static readonly Expression AnyObject = Named("(object)", Between('{', List(Pair(String, Value)), '}'));
    public static readonly Expression AnyArray = Named("(array)", Between('[', List(Value), ']'));

    static JsonText() => ValueRule.Body = Expression.Choice(AnyObject, AnyArray, String, Number, Boolean, Null);

    public static Expression Pair(Expression name, Expression value) => Expression.Sequence(name, Colon, value);

    public static Expression Quoted(Expression characters) => Between('"', characters, '"');

    public static Expression Between(char open, Expression content, char close) => Expression.Sequence(Expression.Byte(open), content, Expression.Byte(close));

    /// <summary>The one spelling that this project writes for the characters of a set: themselves where JSON allows it, else the shortest escape.</summary>
    public static Expression Canonical(CharacterSet characters)
    {
        CharacterSet raw = characters.Intersect(Raw), beyond = raw.Intersect(BeyondAscii);
        ByteSet letters = default;
        ByteSet[] digits = new ByteSet[2]; // of \u00 0x and 1x, the last one
        for (int character = 0; character <= '\\'; character++)
        {
            if (!characters.Contains(character) || Raw.Contains(character))
                continue;
            string spelling = Spelling((char)character);
            if (spelling.Length == 2)
                letters |= ByteSet.Of((byte)spelling[1]);
            else
                digits[character >> 4] |= ByteSet.Of((byte)spelling[^1]);
        }
        return Expression.Choice(
            raw.Except(BeyondAscii).Utf8(),
            beyond.Ranges.SequenceEqual(BeyondAscii.Ranges) ? AnyBeyondAscii : beyond.Utf8(),
            Expression.Sequence(Expression.Byte('\\'), Expression.Choice(
                Expression.Bytes(letters),
                Expression.Sequence(Expression.Literal("u00"), Expression.Choice(
                    digits.Select((last, high) => Expression.Sequence(Expression.Byte((char)('0' + high)), Expression.Bytes(last))))))));
    }

    /// <summary>A text without its quotes, spelled canonically.</summary>
    public static Expression Canonical(string text)
    {
        StringBuilder spelled = new();
        foreach (char character in text)
            _ = character is < ' ' or '"' or '\\' ? spelled.Append(Spelling(character)) : spelled.Append(character);
        return Expression.Literal(spelled.ToString());
    }

    /// <summary>One value, spelled canonically; numbers as they are written there.</summary>
    public static Expression Literal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => Between('{', Joined(value.EnumerateObject().Select(property => Pair(Quoted(Canonical(property.Name)), Literal(property.Value)))), '}'),
        JsonValueKind.Array => Between('[', Joined(value.EnumerateArray().Select(Literal)), ']'),
        JsonValueKind.String => Quoted(Canonical(value.GetString()!)),
        _ => Expression.Literal(value.GetRawText()),
    };

    private static Expression Joined(IEnumerable<Expression> values) =>
        Expression.Sequence(values.SelectMany((value, i) => i == 0 ? (Expression[])[value] : [Comma, value]));

    private static Expression List(Expression element) =>
        Expression.Optional(Expression.Sequence(element, Expression.Star(Expression.Sequence(Comma, element))));

    private static ReferenceExpression Named(string name, Expression body) => new(new Rule(name) { Body = body });

    private static string Spelling(char character)
    {
        for (int i = 0; i < ShortEscapes.Length; i += 2)
        {
            if (ShortEscapes[i] == character)
                return $"\\{ShortEscapes[i + 1]}";
        }
        return $"\\u{(int)character:x4}";
    }

    private static Expression Escape() => RegexParser.Parse(
        """\\(?:["\\/bfnrt]|u(?:[0-9A-CEFa-cef][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}|[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}))""",
        "JSON escapes", set => set.Utf8()).Whole;
}
