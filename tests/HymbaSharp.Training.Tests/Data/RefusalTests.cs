using System.Text;
using CsCheck;
using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Tests.Data;

public sealed class RefusalTests : IDisposable
{
    private const string Good = """{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}]}""";

    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "hi"}""", "not valid JSON", "at byte 48")]
    [InlineData("""{"messages": [{"role": "user", "role": "user", "content": "hi"}]}""", "a key is given twice", "role")]
    [InlineData("""{"messages": [], "messages": []}""", "a key is given twice", "messages")]
    [InlineData("""[1]""", "wrong type", "an object is needed")]
    [InlineData("""{"message": []}""", "a key is missing", "messages is missing")]
    [InlineData("""{"messages": {}}""", "wrong type", "messages is {}; needed: a list")]
    [InlineData("""{"messages": []}""", "roles out of order", "there is no message")]
    [InlineData("""{"messages": ["hi"]}""", "wrong type", "messages[0] is \"hi\"")]
    [InlineData("""{"messages": [{"content": "hi"}]}""", "a key is missing", "messages[0].role")]
    [InlineData("""{"messages": [{"role": "user"}]}""", "a key is missing", "messages[0].content")]
    [InlineData("""{"messages": [{"role": "user", "content": 7}]}""", "wrong type", "messages[0].content is 7; needed: a text")]
    [InlineData("""{"messages": [{"role": "user", "content": "\ud800"}]}""", "wrong type", "messages[0].content")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""", "wrong type", "messages[0].content[0].type is \"image_url\"; needed: \"text\"")]
    [InlineData("""{"messages": [{"role": "developer", "content": "hi"}]}""", "an unknown role", "messages[0].role is \"developer\"; known: system, user, assistant, tool")]
    [InlineData("""{"messages": [{"role": "user", "content": " \n"}, {"role": "assistant", "content": "no"}]}""", "empty content", "messages[0].content is empty")]
    [InlineData("""{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": ""}]}""", "empty content", "messages[1].content is empty")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "no"}]}""", "roles out of order", "message 1 is the assistant's and the first")]
    [InlineData("""{"messages": [{"role": "system", "content": "a"}, {"role": "assistant", "content": "no"}]}""", "roles out of order", "message 2 is the assistant's after the system's")]
    [InlineData("""{"messages": [{"role": "system", "content": "a"}, {"role": "system", "content": "a"}]}""", "roles out of order", "message 2 is a second system message")]
    [InlineData("""{"system": "a", "messages": [{"role": "system", "content": "a"}]}""", "roles out of order", "second system message")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "a"}]}""", "roles out of order", "allowed only as the first")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "a"}]}""", "roles out of order", "message 2 is the user's after the user's")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}]}""", "roles out of order", "the last message is the user's")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "tool", "content": "c"}]}""", "roles out of order", "message 3 is a tool's result without a call")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"id": "x", "name": "f"}]}, {"role": "tool", "tool_call_id": "y", "content": "c"}]}""", "roles out of order", "answers the call \"y\"; the assistant's calls are \"x\"")]
    [InlineData("""{"messages": [{"role": "user", "content": "a", "tool_calls": [{"name": "f"}]}]}""", "a tool call that is none", "the role user calls no tools")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": "{"}]}]}""", "a tool call that is none", "messages[1].tool_calls[0].arguments")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": [1]}]}]}""", "wrong type", "messages[1].tool_calls[0].arguments is [1]")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"type": "custom", "name": "f"}]}]}""", "wrong type", "type is \"custom\"")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"function": {}}]}]}""", "a key is missing", "messages[1].tool_calls[0].function.name")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "function_call": {}}]}""", "a tool call that is none", "needed: tool_calls")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0.5}]}""", "wrong type", "messages[1].weight is 0.5; needed: 0 or 1")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]}""", "nothing to learn", "weight 0")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "tools": [3]}""", "wrong type", "tools[0] is 3")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "contexts": [""]}""", "empty content", "contexts[0] is empty")]
    public void A_line_that_is_no_conversation_is_refused_with_its_reason(string line, string reason, string detail)
    {
        string message = _data.Refusal(line);

        Assert.Contains(reason, message);
        Assert.Contains("refused.jsonl:1: ", message);
        Assert.Contains(detail, message);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused_with_their_line()
    {
        string path = _data.WriteBytes("a.jsonl", Encoding.UTF8.GetBytes(Good + "\r\n\n"), Encoding.UTF8.GetBytes("""{"text": "é"""), [0xC3, (byte)'\n']);

        string message = Assert.Throws<TrainingDataException>(() => _data.Examples(path)).Message;

        Assert.Contains("a.jsonl:3: not valid UTF-8 at byte 13 of it", message);
    }

    [Fact]
    public void All_bad_lines_are_listed_before_anything_is_trained_on()
    {
        string path = _data.Write("a.jsonl", ["{", Good, .. Enumerable.Repeat("[]", 12)]);

        TrainingDataException error = Assert.Throws<TrainingDataException>(() => _data.Examples(DataFixture.Options(path) with { ReportedPlaces = 3 }));

        Assert.StartsWith("13 of 14 records can't be trained on:", error.Message);
        Assert.Equal([("not valid JSON", 1L, 1), ("a value of the wrong type", 12L, 3)], error.Report!.Problems.Select(problem => (problem.Reason, problem.Count, problem.Places.Count)));
        Assert.Contains("a.jsonl:5: ", error.Message);
        Assert.Contains("and 9 more", error.Message);
    }

    [Fact]
    public void Bad_lines_can_be_skipped_and_are_reported()
    {
        string path = _data.Write("a.jsonl", "{", Good, "", """{"text": "hi"}""", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "id": 7, "note": null}""");

        TrainingSet<TrainingExample> set = _data.Examples(DataFixture.Options(path) with { BadLines = BadLines.Skip });

        Assert.Equal(2, set.Count);
        Assert.EndsWith("a\n<extra_id_1>Assistant\n[b\n¶]", _data.Marked(set[1]));
        DataReport report = set.Report;
        Assert.Equal((4, 2, 2), (report.Records, report.Examples, report.LeftOut));
        Assert.Equal([set[0], set[1]], [set[0], set[1]], (left, right) => left.Tokens.SequenceEqual(right.Tokens));
        Assert.Equal(set[0].Tokens.Length + set[1].Tokens.Length, report.Tokens);
        Assert.Equal(set[0].LearnedCount + set[1].LearnedCount, report.LearnedTokens);
        Assert.Equal(Math.Max(set[0].Tokens.Length, set[1].Tokens.Length), report.LongestTokens);
        Assert.Equal(["id"], report.UnreadKeys.Keys);
        Assert.Contains("2 examples of 4 read", report.ToString());
        Assert.Contains("a.jsonl:4: messages is missing", report.ToString());
        Assert.Contains("id (1)", report.ToString());
    }

    [Fact]
    public void With_no_line_left_there_is_nothing_to_train_on()
    {
        string path = _data.Write("a.jsonl", "{");

        Assert.Contains("nothing to train on", Assert.Throws<TrainingDataException>(() => _data.Examples(
            new DataOptions { Sources = [new DataSource { Paths = [path], Format = DataFormat.Messages }], BadLines = BadLines.Skip })).Message);
    }

    [Theory]
    [InlineData("none.jsonl", null, "none.jsonl does not exist")]
    [InlineData("empty.jsonl", "", "empty.jsonl is empty")]
    [InlineData("blank.txt", " \n\n", "blank.txt is empty: it holds nothing but white space")]
    [InlineData("list.json", "\n[{\"messages\": []}]", "list.json is one JSON list")]
    [InlineData("a.csv", "a,b\n1,2\n", "a.csv is neither .txt nor JSON")]
    [InlineData("a.jsonl", "{\"prompts\": 1}\n", "no JSON object has the keys of a format that is read")]
    [InlineData("a.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n", "is of the format Preference, which doesn't serve here; supported: Messages")]
    public void A_file_that_cannot_serve_is_refused(string name, string? content, string expected)
    {
        string path = content is null ? _data.PathOf(name) : _data.WriteBytes(name, Encoding.UTF8.GetBytes(content));

        Assert.Contains(expected, Assert.Throws<TrainingDataException>(() => _data.Examples(DataFixture.Options(path) with { BadLines = BadLines.Skip })).Message);
    }

    [Fact]
    public void A_folder_is_refused()
    {
        _ = Directory.CreateDirectory(_data.PathOf("folder"));

        Assert.Contains("is a folder", Assert.Throws<TrainingDataException>(() => _data.Examples(_data.PathOf("folder"))).Message);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        DataOptions good = DataFixture.Options(_data.Write("a.jsonl", Good));
        DataSource source = good.Sources[0];
        foreach (DataOptions bad in (DataOptions[])
        [
            good with { Sources = [] }, good with { Sources = [source with { Paths = [] }] }, good with { Sources = [source with { Repeat = 0 }] },
            good with { Sources = [source with { Repeat = double.NaN }] }, good with { Sources = [source with { Repeat = 1001 }] }, good with { MaxTokens = 1 },
            good with { DocumentSeparator = "a\n" }, good with { EndOfTextId = -1 }, good with { EndOfTextId = _data.Tokenizer.VocabularySize }, good with { ReportedPlaces = 0 },
        ])
            _ = Assert.Throws<TrainingDataException>(() => _data.Examples(bad));
        Assert.Equal(1, _data.Examples(good).Count);
    }

    [Fact]
    public void Damaged_files_are_read_or_refused_and_nothing_else()
    {
        string[] whole =
        [
            """{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [{"id": "x", "name": "f", "arguments": "{\"a\": 1}"}]}, {"role": "tool", "content": "é"}, {"role": "assistant", "content": "no"}], "contexts": ["a"]}""",
            """{"type": "conversation", "instances": [{"system": "a", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}]}]}""",
            """{"prompt": [{"role": "user", "content": "a"}], "chosen": "b", "rejected": [{"role": "assistant", "content": "c"}]}""",
        ];
        string path = _data.PathOf("damaged.json");
        (from text in Gen.Int[0, whole.Length - 1].Select(i => whole[i]) from places in Gen.Int[0, text.Length - 1].Array[1, 3] from values in Gen.Byte.Array[3] from copies in Gen.Int[1, 2] select (text, places, values, copies))
            .Sample((text, places, values, copies) =>
            {
                byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text + "\n", copies)));
                foreach ((int place, byte value) in places.Zip(values))
                    bytes[place] = value;
                File.WriteAllBytes(path, bytes);
                try
                {
                    DataOptions options = DataFixture.Options(path) with { BadLines = BadLines.Skip };
                    if (text.StartsWith("{\"prompt", StringComparison.Ordinal))
                        _ = PreferenceSet.Open(options, _data.Tokenizer, _data.Template)[0];
                    else
                        _ = _data.Examples(options)[0];
                }
                catch (TrainingDataException error)
                {
                    Assert.Contains("damaged.json", error.Message);
                }
            }, iter: 500, threads: 1);
    }

    [Fact]
    public void A_file_that_changes_afterwards_is_noticed()
    {
        string path = _data.Write("a.jsonl", Good, Good);
        TrainingSet<TrainingExample> set = _data.Examples(path);

        File.WriteAllText(path, new string('x', Good.Length) + "\n");

        Assert.Contains("has changed", Assert.Throws<TrainingDataException>(() => set[0]).Message);
        Assert.Contains("has become shorter", Assert.Throws<TrainingDataException>(() => set[1]).Message);
    }

    [Fact]
    public void Reading_can_be_cancelled()
    {
        string path = _data.Write("a.jsonl", Good);

        _ = Assert.Throws<OperationCanceledException>(() => ExampleSet.Open(DataFixture.Options(path), _data.Tokenizer, _data.Template, null, new CancellationToken(canceled: true)));
    }
}
