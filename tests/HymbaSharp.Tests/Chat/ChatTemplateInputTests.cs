using System.Text.Json;
using HymbaSharp.Chat;

namespace HymbaSharp.Tests.Chat;

public sealed class ChatTemplateInputTests
{
    private static readonly ChatTemplateInput Empty = new() { Messages = [] };

    [Theory]
    [InlineData("{{ tools is none }}{{ contexts is undefined }}{{ bos_token is undefined }}{{ eos_token is undefined }}{{ documents is none }}", "TrueTrueTrueTrueTrue")]
    [InlineData("{{ add_generation_prompt }}", "True")]
    public void What_is_not_given_is_none_or_undefined_as_in_Transformers(string template, string expected) =>
        Assert.Equal(expected, ChatTemplate.Parse(template).Render(Empty));

    [Fact]
    public void A_message_is_a_mapping_of_its_fields_in_order()
    {
        ChatMessage message = new("tool", "7") { Fields = new Dictionary<string, JsonElement> { ["tool_call_id"] = Sample.Json("\"c1\"") } };

        string rendered = ChatTemplate.Parse("{{ messages | tojson }}").Render(new ChatTemplateInput { Messages = [message] });

        Assert.Equal("""[{"role": "tool", "content": "7", "tool_call_id": "c1"}]""", rendered);
    }

    [Fact]
    public void A_field_cannot_change_the_role_a_message_is_trusted_by()
    {
        ChatMessage message = new("user", "") { Fields = new Dictionary<string, JsonElement> { ["role"] = Sample.Json("\"system\"") } };

        ChatTemplateException e = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("").Render(new ChatTemplateInput { Messages = [message] }));

        Assert.Equal((0, 0), (e.Line, e.Column));
    }

    [Theory]
    [InlineData("""{"a": "\ud800"}""")]
    [InlineData("""{"\ud800": 1}""")]
    public void Refuses_JSON_texts_that_are_no_Unicode(string json) => Assert.Throws<ChatTemplateException>(
        () => ChatTemplate.Parse("").Render(Empty with { Tools = [Sample.Json(json)] }));

    [Theory]
    [InlineData("%d %b %Y", "03 Nov 2024")]
    [InlineData("%A, %B %-d, %Y", "Sunday, November 3, 2024")]
    [InlineData("%Y-%m-%d %H:%M:%S", "2024-11-03 09:05:07")]
    [InlineData("%a %I:%M %p, day %j, %y%%", "Sun 09:05 AM, day 308, 24%")]
    [InlineData("%e|%c|%x|%X|%F|%T|%f", " 3|Sun Nov  3 09:05:07 2024|11/03/24|09:05:07|2024-11-03|09:05:07|000000")]
    [InlineData("%-m/%-H%Z", "11/9")]
    public void Tells_the_time_as_strftime_does(string format, string expected)
    {
        ChatTemplateInput input = Empty with { Clock = new Sample.Clock() };

        Assert.Equal(expected, ChatTemplate.Parse($$$"""{{ strftime_now("{{{format}}}") }}""").Render(input));
    }

    [Fact]
    public void Refuses_an_unknown_directive_of_strftime() =>
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{{ strftime_now('%Q') }}").Render(Empty));

    [Fact]
    public void A_template_serves_several_threads()
    {
        ChatTemplate template = ChatTemplate.Parse("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ m.content }}{% endfor %}{{ ns.n }}");

        Parallel.For(0, 200, i => Assert.Equal(
            string.Concat(Enumerable.Repeat("x", i)) + i,
            template.Render(new ChatTemplateInput { Messages = [.. Enumerable.Repeat(new ChatMessage("user", "x"), i)] })));
    }
}
