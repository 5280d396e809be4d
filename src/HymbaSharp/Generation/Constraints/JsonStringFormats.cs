using System.Collections.Frozen;

namespace HymbaSharp.Generation.Constraints;

/// <summary>The formats of strings that a schema may ask for.</summary>
internal static class JsonStringFormats
{
    private const string Year = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])";
    private const string LeapYear = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
    private const string Date = $"(?:{Year}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|{LeapYear}-02-29)";
    // RFC 3339; no leap seconds, and offsets no larger than any on Earth.
    private const string Time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,7})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)";
    private const string Label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private const string Byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

    private static readonly FrozenDictionary<string, Expression> Formats = new Dictionary<string, string>
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["uuid"] = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        ["email"] = $"[A-Za-z0-9_%+-]{{1,32}}(?:[.][A-Za-z0-9_%+-]{{1,15}}){{0,2}}@{Label}(?:[.]{Label}){{0,2}}[.][A-Za-z]{{2,20}}",
        ["ipv4"] = $"{Byte}(?:[.]{Byte}){{3}}",
    }.ToFrozenDictionary(format => format.Key, format => JsonText.Quoted(RegexParser.Parse(format.Value, "A format", set => set.Utf8()).Whole));

    public static IEnumerable<string> Names => Formats.Keys.Order();

    public static Expression? Find(string name) => Formats.GetValueOrDefault(name);
}
