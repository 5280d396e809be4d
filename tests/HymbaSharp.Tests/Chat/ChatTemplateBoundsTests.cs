using System.Diagnostics;
using System.Text.Json;
using HymbaSharp.Chat;

namespace HymbaSharp.Tests.Chat;

public sealed class ChatTemplateBoundsTests
{
    private const string Repeated = "{% for a in range(100000) %}{% for b in range(100000) %}";

    [Theory]
    [InlineData(Repeated + "{% endfor %}{% endfor %}")]
    [InlineData(Repeated + "xxxxxxxxxxxxxxxx{% endfor %}{% endfor %}")]
    [InlineData(Repeated + "{% set x = 'a'|upper %}{% endfor %}{% endfor %}")]
    [InlineData("{{ 'x' * 1000000000000 }}")]
    [InlineData("{{ [1] * 9223372036854775807 }}")]
    [InlineData("{{ [] * 9223372036854775807 }}{{ [[]] * 1000000000 }}")]
    [InlineData("{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}")]
    [InlineData("{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}")]
    [InlineData("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m(n) %}{{ m(n + 1) ~ m(n + 1) }}{% endmacro %}{{ m(1) }}")]
    [InlineData("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}")]
    [InlineData("{{ 'a'|indent(999999999999) }}")]
    [InlineData("{{ [1]|tojson(indent=999999999999) }}")]
    [InlineData("{{ [1]|batch(1000000000000, 'x')|list }}")]
    [InlineData("{{ [1]|batch(10000000, 'x')|list }}")]
    [InlineData("{{ '%999999999d' % 5 }}")]
    [InlineData("{{ 2 ** 9999999999 }}")]
    [InlineData("{{ -9223372036854775807 - 1 - 1 }}")]
    [InlineData("{{ (-9223372036854775807 - 1) // -1 }}")]
    [InlineData("{{ range(-9223372036854775807, 9223372036854775807) }}")]
    [InlineData("{% set big = 'a' * 2000000 %}{{ (big ~ 'b') in big }}")]
    [InlineData("{% set big = 'ab' * 1000000 %}{{ big|replace('a', big) }}")]
    [InlineData("{% set big = 'a' * 2000000 %}" + Repeated + "{{ big.startswith(big) }}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'a' * 2000000 %}{% set d = {big: 1} %}" + Repeated + "{% set x = d[big] %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'a' * 4000000 %}" + Repeated + "{% set x = big == big ~ '' %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'a' * 4000000 %}" + Repeated + "{% set x = big|length %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'a' * 4000000 %}" + Repeated + "{% set x = [1][big] %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'a' * 4000000 %}" + Repeated + "{% set x = big[0] %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'a' * 4000000 %}" + Repeated + "{% set x = big is lower %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = '0' * 4000000 %}" + Repeated + "{% set x = big|int %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = '0' * 4000000 %}" + Repeated + "{% set x = big|float %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'A' * 4000000 %}" + Repeated + "{% set x = [big, big]|sort %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'A' * 4000000 %}{% set d = {big: 1} %}" + Repeated + "{% set x = dict(**d) %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = 'A' * 4000000 %}" + Repeated + "{% set x = [1]|map(attribute=big)|list %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = range(100000) %}" + Repeated + "{% set x = 1 in big %}{% set y = 0 in big %}{% set z = big|last %}{% endfor %}{% endfor %}")]
    [InlineData("{% set d = dict(range(100000)|batch(2)) %}" + Repeated + "{% set x = d.keys() %}{% set x = d.values() %}{% endfor %}{% endfor %}")]
    [InlineData("{% set big = ['a' * 400000] * 100 %}{{ big|join }}")]
    [InlineData("{{ 'x' * 3000000 }}{{ 'x' * 3000000 }}")]
    public void A_hostile_template_ends_in_the_typed_error_and_in_time(string template)
    {
        Stopwatch watch = Stopwatch.StartNew();

        Assert.Throws<ChatTemplateException>(() => Sample.Render(template));

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("{{ ", "(", "1", ")", " }}")]
    [InlineData("{{ ", "[", "1", "]", " }}")]
    [InlineData("{{ ", "{1:", "1", "}", " }}")]
    [InlineData("{{ ", "not ", "1", "", " }}")]
    [InlineData("{{ ", "-", "1", "", " }}")]
    [InlineData("{{ ", "1 + ", "1", "", " }}")]
    [InlineData("{{ ", "1 ~ ", "none", "", " }}")]
    [InlineData("{{ ", "a[", "1", "]", " }}")]
    [InlineData("{{ ", "a(", "1", ")", " }}")]
    [InlineData("{{ ", "a if b else ", "1", "", " }}")]
    [InlineData("{{ x", ".a", "", "", " }}")]
    [InlineData("{{ 'a'", "|trim", "", "|nope", " }}")]
    [InlineData("", "{% if 1 %}", "{{ nope() }}", "{% endif %}", "")]
    [InlineData("", "{% for x in [1] %}", "{{ nope() }}", "{% endfor %}", "")]
    [InlineData("", "{% set x %}", "{{ nope() }}", "{% endset %}", "")]
    public void Deep_nesting_renders_or_ends_in_the_typed_error(string before, string opening, string inner, string closing, string after)
    {
        const int Depth = 40_000;
        string template = before + string.Concat(Enumerable.Repeat(opening, Depth)) + inner + string.Concat(Enumerable.Repeat(closing, Depth)) + after;

        Exception? e = Record.Exception(() => Sample.Render(template));

        Assert.True(e is null or ChatTemplateException, e?.ToString());
    }

    [Theory]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}")]
    [InlineData("{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}")]
    [InlineData("{% set ns = namespace(x=[1], y=[2]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x < ns.y }}")]
    public void Values_of_any_depth_render_or_end_in_the_typed_error(string template)
    {
        Exception? e = Record.Exception(() => Sample.Render(template));

        Assert.True(e is null or ChatTemplateException, e?.ToString());
    }

    [Fact]
    public void Input_of_any_depth_renders_or_ends_in_the_typed_error()
    {
        string deep = new string('[', 20_000) + new string(']', 20_000);
        JsonElement tool = JsonDocument.Parse(deep, new JsonDocumentOptions { MaxDepth = 100_000 }).RootElement;
        ChatTemplateInput input = new() { Messages = [], Tools = [tool] };

        Exception? e = Record.Exception(() => ChatTemplate.Parse("{{ tools|tojson }}").Render(input));

        Assert.True(e is null or ChatTemplateException, e?.ToString());
    }

    [Fact]
    public void Refuses_a_template_of_more_than_a_million_characters() =>
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(new string(' ', 2_000_000)));

    [Fact]
    public void Refuses_a_name_of_a_thousand_characters() =>
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{{ " + new string('a', 1_000) + " }}"));

    [Fact]
    public void Keys_chosen_to_share_a_hash_in_the_framework_cost_no_more_than_others()
    {
        // Both halves of these numbers are equal, which makes the framework's hash of each zero.
        string pairs = JsonSerializer.Serialize(Enumerable.Range(1, 90_000).Select(i => (long[])[i * 4294967297, 1]));
        Stopwatch watch = Stopwatch.StartNew();

        string rendered = ChatTemplate.Parse("{{ dict(values)|length }}").Render(
            new ChatTemplateInput { Messages = [], Variables = new Dictionary<string, JsonElement> { ["values"] = Sample.Json(pairs) } });

        Assert.Equal("90000", rendered);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_long_conversation_is_well_within_bounds()
    {
        ChatTemplate template = ChatTemplate.Parse("{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'].strip() + '\n' }}{% endfor %}");
        string content = new('x', 1_000);

        string rendered = template.Render(new ChatTemplateInput { Messages = [.. Enumerable.Repeat(new ChatMessage("user", content), 2_000)] });

        Assert.Equal(2_000 * (content.Length + "<user>\n".Length), rendered.Length);
    }
}
