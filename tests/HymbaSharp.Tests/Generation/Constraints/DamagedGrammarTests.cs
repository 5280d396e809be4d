using System.Text.Json;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Tests.Generation.Constraints;

/// <summary>Texts with random damage: each is read, or refused by the one exception that says why.</summary>
public sealed class DamagedGrammarTests
{
    private static readonly string[] Gbnf =
    [
        "root ::= object\nobject ::= \"{\" ws (pair (\",\" ws pair)*)? \"}\"\npair ::= \"\\\"\" [a-z_]{1,8} \"\\\":\" ws value # a pair\nvalue ::= object | [0-9]+ | \"nul\\x6c\"\nws ::= ([ \\t\\n] ws)?",
        "root ::= .{2,5} [^\\u0041-\\u005A\\]]* (\"a\" | \"b\" | )+",
    ];

    private static readonly string[] Regexes =
    [
        @"^(?:[a-z0-9_.+-]{1,20}@(?<host>[^\s@]+)\.(?:com|org)|\d{3}-\u{1F642}+?)$", @"(a|b*|[^\w\-]){2,7}\x41\/.*|^$",
    ];

    [Fact]
    public void Gbnf_is_read_or_refused() => Damage(Gbnf, "\"[]{}()|*+?:=\\#-x0, \n", text => Grammar.FromGbnf(text));

    [Fact]
    public void Regular_expressions_are_read_or_refused() => Damage(Regexes, "[]{}()|*+?:^$\\-,0du<>", text => Grammar.FromRegex(text));

    [Fact]
    public void Schemas_are_read_or_refused()
    {
        string[] schemas = [.. Enumerable.Range(0, 12).Select(seed => new RandomSchema(new Random(seed)).Next().ToJsonString())];
        Damage(schemas, "[]{}\":,0-.e\\u trnuls", text =>
        {
            JsonDocument document;
            try
            {
                document = JsonDocument.Parse(text);
            }
            catch (JsonException)
            {
                return Grammar.AnyJsonObject;
            }
            using (document)
                return Grammar.FromJsonSchema(document.RootElement);
        });
    }

    /// <summary>Every value of a schema replaced by one of another kind.</summary>
    [Fact]
    public void Schemas_with_values_of_the_wrong_kind_are_read_or_refused()
    {
        string[] values = ["null", "true", "-1", "1e400", "0.5", "\"x\"", "\"#/\"", "\"\\ud800\"", "[]", "[[]]", "{}", "[null]", "{\"type\":1}", "99999999999999999999"];
        foreach (string keyword in (string[])["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
            "maxItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "$defs", "description"])
        {
            foreach (string type in (string[])["object", "array", "string", "integer", "number"])
            {
                foreach (string value in values)
                    _ = Read($$"""{"type":"{{type}}","{{keyword}}":{{value}}}""", text => Texts.Schema(text));
            }
        }
    }

    private static void Damage(string[] texts, string inserted, Func<string, Grammar> read)
    {
        Random random = new(17);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            List<char> text = [.. texts[random.Next(texts.Length)]];
            for (int damage = random.Next(1, 4); damage > 0; damage--)
            {
                int at = random.Next(text.Count);
                switch (random.Next(4))
                {
                    case 0:
                        text.RemoveAt(at);
                        break;
                    case 1:
                        text.Insert(at, inserted[random.Next(inserted.Length)]);
                        break;
                    case 2:
                        text[at] = inserted[random.Next(inserted.Length)];
                        break;
                    default:
                        text.RemoveRange(at, Math.Min(random.Next(1, 12), text.Count - at - 1));
                        break;
                }
            }
            refused += Read(new string([.. text]), read) ? 0 : 1;
        }
        Assert.InRange(refused, 100, 2000);
    }

    private static bool Read(string text, Func<string, Grammar> read)
    {
        try
        {
            Grammar grammar = read(text);
            _ = grammar.Accepts("{\"a\": 1}");
            return true;
        }
        catch (GrammarException error)
        {
            Assert.EndsWith(".", error.Message);
            return false;
        }
    }
}
