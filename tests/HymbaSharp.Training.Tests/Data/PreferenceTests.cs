using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Tests.Data;

public sealed class PreferenceTests : IDisposable
{
    private const string Start = "<extra_id_0>System\n\n<extra_id_1>User\nhi\n<extra_id_1>Assistant\n";

    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("""{"prompt": [{"role": "user", "content": "hi"}], "chosen": [{"role": "assistant", "content": "yes"}], "rejected": [{"role": "assistant", "content": "no"}]}""")]
    [InlineData("""{"prompt": [{"role": "user", "content": "hi"}], "chosen": "yes", "rejected": "no"}""")]
    [InlineData("""{"prompt": "hi", "chosen": [{"role": "assistant", "content": "yes"}], "rejected": [{"role": "assistant", "content": "no"}]}""")]
    [InlineData("""{"chosen": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}], "rejected": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}]}""")]
    [InlineData("""{"prompt": "hi", "chosen": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}], "rejected": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}], "score": 1}""")]
    public void Every_form_gives_the_same_pair_of_which_the_reply_is_learned(string line)
    {
        PreferencePair pair = Only(line);

        Assert.Equal(Start + "[yes\n¶]", _data.Marked(pair.Chosen));
        Assert.Equal(Start + "[no\n¶]", _data.Marked(pair.Rejected));
    }

    [Fact]
    public void Earlier_turns_of_the_assistant_are_not_learned_and_tools_and_contexts_are_rendered()
    {
        PreferencePair pair = Only("""
            {"prompt": [{"role": "system", "content": "a"}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],
             "chosen": [{"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]}], "rejected": [{"role": "assistant", "content": "no"}], "tools": [{"name": "f"}], "contexts": ["d"]}
            """);

        Assert.Equal(
            "<extra_id_0>System\na\n<tool> {\"name\": \"f\"} </tool>\n<context> d </context>\n\n<extra_id_1>User\nhi\n<extra_id_1>Assistant\nb\n<extra_id_1>User\nc\n<extra_id_1>Assistant\n"
            + "[<toolcall> {\"name\": \"f\", \"arguments\": {}} </toolcall>\n¶]",
            _data.Marked(pair.Chosen));
    }

    [Fact]
    public void Texts_follow_each_other_with_no_template_and_the_prompt_is_as_a_session_encodes_it()
    {
        PreferencePair pair = PreferenceSet.Open(DataFixture.Options(_data.Write("a.jsonl", """{"prompt": "w h", "chosen": "i yes", "rejected": " no</s>"}""")), _data.Tokenizer, template: null)[0];

        int[] prompt = _data.Tokenizer.Encode("w h", addBos: true);
        Assert.Equal(prompt, pair.Chosen.Tokens[..prompt.Length]);
        Assert.Equal("<s> w h[i yes¶]", _data.Marked(pair.Chosen));
        Assert.Equal(DataFixture.Eos, pair.Rejected.Tokens[^1]);
        Assert.NotEqual(DataFixture.Eos, pair.Rejected.Tokens[^2]);
    }

    [Theory]
    [InlineData("""{"chosen": "yes", "rejected": "no"}""", "prompt is missing")]
    [InlineData("""{"prompt": "", "chosen": "yes", "rejected": "no"}""", "prompt is empty")]
    [InlineData("""{"prompt": "hi", "chosen": "yes", "rejected": ""}""", "rejected is empty")]
    [InlineData("""{"prompt": "hi", "chosen": "yes", "rejected": "yes"}""", "equal as tokens")]
    [InlineData("""{"prompt": "hi", "chosen": "yes", "rejected": 3}""", "needed: the type of chosen")]
    [InlineData("""{"prompt": "hi", "chosen": "yes", "rejected": "no", "tools": [{"name": "f"}]}""", "tools needs a prompt of messages")]
    [InlineData("""{"prompt": [], "chosen": "yes", "rejected": "no"}""", "the prompt ends with no message")]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "a"}], "chosen": "yes", "rejected": "no"}""", "the prompt ends with the assistant's")]
    [InlineData("""{"prompt": "hi", "chosen": [], "rejected": []}""", "chosen holds no message")]
    [InlineData("""{"prompt": "hi", "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "a"}]}""", "rejected doesn't end with the assistant's message")]
    [InlineData("""{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "b"}]}""", "differ before their last message")]
    [InlineData("""{"chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}""", "prompt is missing")]
    [InlineData("""{"prompt": "c", "chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""", "prompt is not a user's message")]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}], "chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]}""", "one message each")]
    public void What_is_no_pair_is_refused(string line, string expected)
    {
        string path = _data.Write("a.jsonl", line);

        Assert.Contains(expected, Assert.Throws<TrainingDataException>(() => _data.Pairs(path)).Message);
    }

    [Fact]
    public void A_pair_is_truncated_on_both_sides_and_left_out_where_no_difference_is_left()
    {
        string path = _data.Write("a.jsonl", """{"prompt": "abcd", "chosen": "xyzvw", "rejected": "xyzq"}""", """{"prompt": "abcd", "chosen": "xqqqq", "rejected": "y"}""");

        TrainingSet<PreferencePair> pairs = PreferenceSet.Open(DataFixture.Options(path) with { MaxTokens = 9, LongExamples = LongExamples.Truncate }, _data.Tokenizer, null);

        Assert.Equal(1, pairs.Count);
        Assert.EndsWith("[xqq]", _data.Marked(pairs[0].Chosen));
        Assert.EndsWith("[y¶]", _data.Marked(pairs[0].Rejected));
        Assert.Equal((1L, 1L), (pairs.Report.Truncated, pairs.Report.LeftOut));
        Assert.Equal(pairs[0].Chosen.Tokens.Length + pairs[0].Rejected.Tokens.Length, pairs.Report.Tokens);
    }

    private PreferencePair Only(string line) => _data.Pairs(_data.Write("a.jsonl", line.ReplaceLineEndings(" ")))[0];
}
