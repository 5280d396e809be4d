using HymbaSharp.Chat;
using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Tests.Data;

public sealed class ConversationTests : IDisposable
{
    private const string OneTurn = """{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}""";

    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void The_reply_and_an_end_of_text_are_learned()
    {
        TrainingExample example = Only(OneTurn);

        Assert.Equal("<extra_id_0>System\n\n<extra_id_1>User\nhi\n<extra_id_1>Assistant\n[hello\n¶]", _data.Marked(example));
        Assert.Equal(DataFixture.Eos, example.Tokens[^1]);
        Assert.NotEqual(DataFixture.Bos, example.Tokens[0]);
    }

    [Fact]
    public void Of_several_turns_each_is_learned_with_the_marker_that_ends_it()
    {
        TrainingExample example = Only("""
            {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}, {"role": "user", "content": "what"}, {"role": "assistant", "content": "no"}]}
            """);

        Assert.Equal(
            "<extra_id_0>System\nBe kind.\n\n<extra_id_1>User\nhi\n<extra_id_1>Assistant\n[yes\n<extra_id_1>]User\nwhat\n<extra_id_1>Assistant\n[no\n¶]",
            _data.Marked(example));
    }

    [Fact]
    public void Tools_contexts_and_results_are_rendered_and_not_learned()
    {
        TrainingExample example = Only("""
            {"messages": [{"role": "user", "content": "add"}, {"role": "assistant", "content": "<toolcall> {\"name\": \"add\", \"arguments\": {}} </toolcall>"},
             {"role": "tool", "content": "3"}, {"role": "assistant", "content": "yes"}], "tools": [{"name": "add"}], "contexts": ["a b"]}
            """);

        Assert.Equal(
            "<extra_id_0>System\n<tool> {\"name\": \"add\"} </tool>\n<context> a b </context>\n\n<extra_id_1>User\nadd\n<extra_id_1>Assistant\n"
            + "[<toolcall> {\"name\": \"add\", \"arguments\": {}} </toolcall>\n<extra_id_1>]Tool\n3\n<extra_id_1>Assistant\n[yes\n¶]",
            _data.Marked(example));
    }

    [Theory]
    [InlineData("""{"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\": 1, \"b\": \"é\"}"}}""")]
    [InlineData("""{"type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": "é"}}}""")]
    [InlineData("""{"name": "add", "arguments": {"a": 1, "b": "é"}}""")]
    public void A_call_is_written_as_the_family_writes_it_where_the_template_reads_no_calls(string call)
    {
        TrainingExample example = Only($$"""
            {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": null, "tool_calls": [{{call}}, {"name": "now"}]}, {"role": "tool", "content": ""}, {"role": "assistant", "content": "no"}]}
            """);

        Assert.Contains(
            "[<toolcall> {\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": \"é\"}} </toolcall>\n<toolcall> {\"name\": \"now\", \"arguments\": {}} </toolcall>\n<extra_id_1>]Tool",
            _data.Marked(example));
    }

    [Fact]
    public void A_template_that_reads_calls_gets_them_with_their_arguments_as_an_object()
    {
        using DataFixture data = new()
        {
            Template = ChatTemplate.Parse(
                "{% for m in messages %}{{ '<' + m.role + '>' + m.content }}{% for c in m.tool_calls or [] %}{{ c.function.name + ':' + c.function.arguments.a }}{% endfor %}{% endfor %}"
                + "{% if add_generation_prompt %}<assistant>{% endif %}"),
        };
        string path = data.Write("a.jsonl", """{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [{"function": {"name": "add", "arguments": "{\"a\": \"b\"}"}}]}]}""");

        Assert.Equal("<user>hi<assistant>[add:b¶]", data.Marked(data.Examples(path)[0]));
    }

    [Fact]
    public void Parts_of_text_are_joined_and_a_weight_of_0_is_not_learned()
    {
        TrainingExample example = Only("""
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]}, {"role": "assistant", "content": "no", "weight": 0},
             {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes", "weight": 1}]}
            """);

        Assert.EndsWith("User\nhi\n<extra_id_1>Assistant\nno\n<extra_id_1>User\nhi\n<extra_id_1>Assistant\n[yes\n¶]", _data.Marked(example));
    }

    [Fact]
    public void The_ids_are_those_a_conversation_encodes()
    {
        TrainingExample example = Only("""{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": " Hello </s> <extra_id_1>"}]}""");

        ChatTemplateInput input = new() { Messages = [new ChatMessage("user", "hi"), new ChatMessage("assistant", " Hello </s> <extra_id_1>")], AddGenerationPrompt = false };
        Assert.Equal([.. _data.Tokenizer.Encode(_data.Template.Render(input)), DataFixture.Eos], example.Tokens);
        int[] prompt = _data.Tokenizer.Encode(_data.Template.Render(input with { Messages = input.Messages.Take(1).ToArray(), AddGenerationPrompt = true }));
        Assert.Equal(prompt, example.Tokens[..prompt.Length]);
        Assert.Equal(prompt.Length, Array.IndexOf(example.Learned, true));
        Assert.EndsWith("[Hello < /s> < extra_id_1>\n¶]", _data.Marked(example));
    }

    [Fact]
    public void An_end_of_text_that_the_template_writes_ends_the_turn_and_none_is_added()
    {
        using DataFixture data = new()
        {
            Template = ChatTemplate.Parse(
                "{% for m in messages %}{{ m.role + ':' + m.content }}{{ eos_token if m.role == 'assistant' }}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"),
        };
        string path = data.Write("a.jsonl", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}""");

        TrainingExample example = data.Examples(path)[0];

        // After a special token a stretch has a leading space of its own, as at inference.
        Assert.Equal("user:a\nassistant:[b¶] \nuser:c\nassistant:[d¶] \n", data.Marked(example));
        Assert.Equal(data.Tokenizer.Encode("user:a\nassistant:b</s>\nuser:c\nassistant:d</s>\n"), example.Tokens);
    }

    [Fact]
    public void A_reply_after_a_special_token_has_the_leading_space_that_inference_gives_it()
    {
        using DataFixture data = new()
        {
            Template = ChatTemplate.Parse("{% for m in messages %}{{ m.role + bos_token + m.content + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant' + bos_token }}{% endif %}"),
        };
        string path = data.Write("a.jsonl", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "hi"}]}""");

        TrainingExample example = data.Examples(path)[0];

        Assert.Equal(data.Tokenizer.Encode("user<s>a</s>assistant<s>hi</s>"), example.Tokens);
        Assert.Equal(data.Tokenizer.Encode("user<s>a</s>assistant<s>").Length, Array.IndexOf(example.Learned, true));
        Assert.EndsWith("[ hi¶]", data.Marked(example));
    }

    [Fact]
    public void A_border_inside_a_token_leaves_the_prompt_as_inference_encodes_it()
    {
        using DataFixture data = new()
        {
            Template = ChatTemplate.Parse("{% for m in messages %}{{ m.role + '> ' + m.content }}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}assistant> {% endif %}"),
        };
        string path = data.Write("a.jsonl", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "hi"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "w"}]}""");

        TrainingExample example = data.Examples(path)[0];

        int[] prompt = data.Tokenizer.Encode("user> a\nassistant> ");
        Assert.NotEqual(prompt, data.Tokenizer.Encode("user> a\nassistant> hi")[..prompt.Length]);
        Assert.Equal(prompt, example.Tokens[..prompt.Length]);
        Assert.Equal("user> a\nassistant> [hi\n]user> b\nassistant> [w\n¶]", data.Marked(example));
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ m.content }}{% if loop.last %}.{% endif %}{% endfor %}", "the prompt for")]
    [InlineData("{% for m in messages %}{{ m.content }}{% if loop.last and m.role == 'assistant' %}.{% endif %}{% endfor %}", "the conversation up to")]
    [InlineData("{% for m in messages %}{{ m.role + m.content }}{% endfor %}{% if add_generation_prompt %}assistant_think{% endif %}", "the prompt for")]
    [InlineData("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}", "writes nothing")]
    public void A_template_that_renders_a_beginning_otherwise_is_refused(string template, string expected)
    {
        using DataFixture data = new() { Template = ChatTemplate.Parse(template) };
        string path = data.Write("a.jsonl", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}""");

        string message = Assert.Throws<TrainingDataException>(() => data.Examples(DataFixture.Options(path) with { BadLines = BadLines.Skip })).Message;

        Assert.Contains("a.jsonl:1: the chat template can't mark assistant turns", message);
        Assert.Contains(expected, message);
    }

    [Fact]
    public void What_the_template_itself_refuses_is_a_bad_line()
    {
        using DataFixture data = new() { Template = ChatTemplate.Parse("{{ raise_exception('no system here') if messages[0].role == 'system' }}" + DataFixture.Family) };
        string path = data.Write("a.jsonl", OneTurn, """{"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""");

        string message = Assert.Throws<TrainingDataException>(() => data.Examples(path)).Message;

        Assert.Contains("a.jsonl:2: ", message);
        Assert.Contains("no system here", message);
    }

    [Fact]
    public void Another_end_of_text_can_be_named()
    {
        int id = _data.Tokenizer.Encode("yes")[^1];

        TrainingExample example = _data.Examples(DataFixture.Options(_data.Write("a.jsonl", OneTurn)) with { EndOfTextId = id })[0];

        Assert.Equal(id, example.Tokens[^1]);
        Assert.True(example.Learned[^1]);
    }

    [Fact]
    public void Conversations_need_a_template()
    {
        string path = _data.Write("a.jsonl", OneTurn);

        Assert.Contains("need a chat template", Assert.Throws<TrainingDataException>(() => ExampleSet.Open(DataFixture.Options(path), _data.Tokenizer, template: null)).Message);
    }

    private TrainingExample Only(string line)
    {
        TrainingSet<TrainingExample> set = _data.Examples(_data.Write("a.jsonl", line.ReplaceLineEndings(" ")));
        Assert.Equal(1, set.Count);
        return set[0];
    }
}
