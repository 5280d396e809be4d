using System.Text;
using System.Text.Json;
using CsCheck;
using HymbaSharp.Chat;

namespace HymbaSharp.Tests.Chat;

public sealed class ChatTemplateFuzzTests
{
    private static readonly string[] Seeds =
    [
        "{% for m in msgs %}{{ loop.index ~ m['role'] + m.content|trim }}{% if loop.last %}!{% endif %}{% else %}none{% endfor %}",
        "{%- set ns = namespace(a=1, b=[]) -%}{% for x in l if x > 1 %}{% set ns.b = ns.b + [x * ns.a] %}{% endfor %}{{ ns.b|tojson(indent=2) }}",
        "{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ caller() if caller }}{% endmacro %}{{ m(1, 2, 3) }}{% call m(4) %}x{% endcall %}",
        "{{ msgs|selectattr('role', 'equalto', 'user')|map(attribute='content')|join(', ') }}{{ d|dictsort|list }}",
        "{% set x | upper %}{{ s.split('l')[-1][::-1] }}{% endset %}{{ '%5.2f|%s' % (f, x) }}{# note #}{% raw %}{{ x }}{% endraw %}",
        "{% if i is divisibleby 7 and s is not none or not b %}{{ d.items()|list }}{% elif i // 2 == 3 %}{{ -i ** 2 % 5 }}{% endif %}",
        "{% with a = 1, b = l %}{% filter indent(2) %}{{ a ~ '\\n' ~ b|sort|first|string }}{% endfilter %}{% endwith %}",
        "{% for k, v in d.items() %}{{ k|title }}={{ v if v is mapping else v|default('-') }};{% if loop.index == 2 %}{% break %}{% endif %}{% endfor %}",
        "{{ strftime_now('%d %b %Y') }}{{ raise_exception('no') if n is none else range(1, 9, 2)|sum / 2 }}",
    ];

    private static readonly string[] Pieces =
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "|", ".", ",", "(", ")", "[", "]", "{", "}", ":", "=", "==", "<", "~", "*", "**", "//", "%", "'", "\"",
        "\\", "\n", " ", "is", "in", "not", "and", "or", "if", "else", "endif", "for", "endfor", "set", "macro", "loop", "none", "true", "9", "1.5", "0x", "1e9",
        "x", "l", "d", "s", "msgs", "undefined", "tojson", "list", "first", "replace", "|length", ".strip()", "[0]", "[::-1]", "{% break %}", "\ud83d", "😀", "ǆ", "\0",
        "9223372036854775807", "-9223372036854775808", "|int", "|round(3)", "|batch(2)", "|groupby('a')", "'a' * 99999", "range(99999)",
    ];

    private static readonly Gen<string> Mutated =
        Gen.Select(OneOf(Seeds), Gen.Select(Gen.Int[0, 3], Gen.Int[0, 10_000], OneOf(Pieces), OneOf(Seeds)).Array[1, 5]).Select(Mutate);

    [Fact]
    public void A_mutated_template_renders_or_ends_in_the_typed_error() => Mutated.Sample(template => Ends(() => Sample.Render(template)), iter: 6_000);

    [Fact]
    public void A_random_sequence_of_pieces_renders_or_ends_in_the_typed_error() =>
        OneOf(Pieces).Array[1, 15].Sample(pieces => Ends(() => Sample.Render("{{ " + string.Concat(pieces) + " }}")), iter: 6_000);

    [Fact]
    public void Random_data_renders_or_ends_in_the_typed_error()
    {
        Gen<string> value = Gen.Recursive<string>((depth, inner) => depth > 3
            ? OneOf("null", "1", "\"x\"")
            : Gen.OneOf(
                OneOf("null", "true", "0", "-1", "1.5", "1e400", "99999999999999999999999", "\"\"", "\" a\\n\"", "\"\\u0000\"", "\"\\ud800\"", "\"<extra_id_1>\""),
                inner.Array[0, 3].Select(items => $"[{string.Join(",", items)}]"),
                Gen.Select(OneOf("role", "content", "a", "n", ""), inner).Array[0, 3]
                    .Select(members => $"{{{string.Join(",", members.Select(member => $"\"{member.Item1}\":{member.Item2}"))}}}")));

        Gen.Select(OneOf(Seeds), value.Array[8, 8]).Sample((template, values) => Ends(() =>
        {
            string[] names = ["msgs", "l", "d", "s", "i", "f", "n", "b"];
            ChatTemplateInput input = new()
            {
                Messages = [new("user", values[0]) { Fields = new Dictionary<string, JsonElement> { ["x"] = Sample.Json(values[1]) } }],
                Tools = [Sample.Json(values[2])],
                Variables = names.Zip(values).ToDictionary(pair => pair.First, pair => Sample.Json(pair.Second)),
            };
            _ = ChatTemplate.Parse(template + "{{ tools|tojson }}{{ messages }}").Render(input);
        }), iter: 6_000);
    }

    private static bool Ends(Action action)
    {
        try
        {
            action();
        }
        catch (ChatTemplateException)
        {
            // The one way to fail.
        }
        return true;
    }

    private static string Mutate(string seed, (int Kind, int Place, string Piece, string Other)[] mutations)
    {
        StringBuilder text = new(seed);
        foreach ((int kind, int place, string piece, string other) in mutations)
        {
            int at = place % (text.Length + 1);
            int length = Math.Min(1 + place % 7, text.Length - at);
            _ = kind switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, piece),
                2 => text.Insert(at, text.ToString(at, length)),
                _ => text.Remove(at, length).Insert(at, other.AsSpan(Math.Min(at, other.Length))),
            };
        }
        return text.ToString();
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
