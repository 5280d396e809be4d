using System.Text;
using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Tests.Data;

public sealed class FormatTests : IDisposable
{
    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void A_text_file_is_one_document_with_BOS_and_EOS()
    {
        TrainingExample example = _data.Examples(_data.Write("a.txt", "", "hi </s>", "", "yes", ""))[0];

        Assert.Equal([DataFixture.Bos, .. _data.Tokenizer.Encode("hi </s>\n\nyes", parseSpecial: false), DataFixture.Eos], example.Tokens);
        Assert.Equal(example.Tokens.Length - 1, example.LearnedCount);
        Assert.False(example.Learned[0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("---")]
    public void A_text_file_can_hold_documents_parted_by_a_line(string separator)
    {
        string path = _data.WriteBytes("a.txt", "\uFEFF"u8.ToArray(), Encoding.UTF8.GetBytes($"{separator}\r\nhi\r\nyes \r\n{separator}  \r\n{separator}\r\nno"));

        TrainingSet<TrainingExample> set = _data.Examples(DataFixture.Options(path) with { DocumentSeparator = separator });

        Assert.Equal(["hi\nyes ", "no"], Enumerable.Range(0, set.Count).Select(i => _data.Tokenizer.Decode(set[i].Tokens.AsSpan(1..^1))));
    }

    [Fact]
    public void A_line_can_hold_a_text()
    {
        TrainingSet<TrainingExample> set = _data.Examples(_data.WriteBytes("a.jsonl", "\uFEFF"u8.ToArray(), Encoding.UTF8.GetBytes("{\"text\": \"hi\"}\r\n\r\n{\"text\": \"yes\", \"url\": \"x\"}")));

        Assert.Equal([[1, .. _data.Tokenizer.Encode("hi"), 2], [1, .. _data.Tokenizer.Encode("yes"), 2]], [set[0].Tokens, set[1].Tokens]);
        Assert.Equal(DataFormat.TextLines, set.Report.Files[0].Format);
        Assert.Equal(["url"], set.Report.UnreadKeys.Keys);
    }

    [Fact]
    public void An_LMFlow_file_holds_conversations()
    {
        string path = _data.Write("a.json", """
            {
              "instances": [
                {
                  "conversation_id": 7, "system": "Be kind.", "tools": ["{\"name\": \"f\"}", "g: a tool"],
                  "messages": [{"role": "user", "content": "hi ] } \" {"}, {"role": "assistant", "content": "yes"}]
                },
                {"system": "", "tools": [], "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "no"}]}
              ],
              "type": "conversation"
            }
            """);

        TrainingSet<TrainingExample> set = _data.Examples(path);

        Assert.Equal(2, set.Count);
        Assert.Equal(
            "<extra_id_0>System\nBe kind.\n<tool> {\"name\": \"f\"} </tool>\n<tool> \"g: a tool\" </tool>\n\n<extra_id_1>User\nhi ] } \" {\n<extra_id_1>Assistant\n[yes\n¶]", _data.Marked(set[0]));
        Assert.StartsWith("<extra_id_0>System\n\n<extra_id_1>User\na", _data.Marked(set[1]));
        Assert.Empty(set.Report.UnreadKeys);
    }

    [Fact]
    public void An_LMFlow_file_holds_texts()
    {
        TrainingSet<TrainingExample> set = _data.Examples(_data.Write("a.json", """{"type": "text_only", "instances": [{"text": "hi"}, {"text": "no"}]}"""));

        Assert.Equal([1, .. _data.Tokenizer.Encode("no"), 2], set[1].Tokens);
    }

    [Fact]
    public void Instances_are_refused_with_their_lines()
    {
        string path = _data.Write("a.json", """{"type": "conversation",""", """ "instances": [""", """  {"messages": []},""", "", """  7, [8], {"messages": [{"role": "user", "content": "a", "content": "b"}]} ]}""");

        string message = Assert.Throws<TrainingDataException>(() => _data.Examples(path)).Message;

        Assert.Contains("4 of 4 records", message);
        Assert.Contains("a.json:3: there is no message", message);
        Assert.Contains("a.json:5: the record is 7", message);
        Assert.Contains("a.json:5: the record is [8]", message);
        Assert.Contains("a key is given twice", message);
    }

    [Theory]
    [InlineData("""{"type": "text2text", "instances": [{"input": "a"}]}""", "\"type\" is not one that is read; supported: \"conversation\" and \"text_only\"")]
    [InlineData("""{"instances": [{"text": "a"}]}""", "has no \"type\"")]
    [InlineData("""{"type": "text_only", "instances": {}}""", "\"instances\" is not a list")]
    [InlineData("""{"type": "text_only", "instances": []}""", "is empty: it holds no instance")]
    [InlineData("""{"type": "text_only", "instances": [{"text": "a"}], "type": "text_only"}""", "\"type\" is given twice")]
    [InlineData("{\"type\": \"text_only\",\n \"instances\": [{\"text\": \"a\"}\n", "a.json:4: not valid JSON")]
    [InlineData("{\"type\": \"text_only\", \"instances\": [{\"text\": \"a\"}]}\n{}", "a.json:2: not valid JSON")]
    public void An_LMFlow_file_that_is_none_is_refused_even_where_bad_lines_are_skipped(string content, string expected)
    {
        string path = _data.Write("a.json", content);

        Assert.Contains(expected, Assert.Throws<TrainingDataException>(() => _data.Examples(DataFixture.Options(path) with { BadLines = BadLines.Skip })).Message);
    }

    [Fact]
    public void Large_files_are_read_in_chunks_without_loss()
    {
        // Lines and instances of many lengths, several mebibytes of them, so that every kind of place falls on a chunk's edge.
        string[] texts = [.. Enumerable.Range(0, 300).Select(i => new string((char)('a' + (i % 26)), 1 + (i * i * 7 % 30_000)))];
        string lines = _data.Write("a.jsonl", [.. texts.Select(text => $"{{\"text\": \"{text}\"}}")]);
        string instances = _data.Write("a.json", $"{{\"type\": \"text_only\", \"instances\": [\n{string.Join(",\n", texts.Select(text => $"{{\"text\": \"{text}\"}}"))}\n]}}");
        string documents = _data.Write("a.txt", [.. texts.SelectMany(text => (string[])[text, ""])]);

        foreach (string path in (string[])[lines, instances, documents])
        {
            TrainingSet<TrainingExample> set = _data.Examples(DataFixture.Options(path) with { DocumentSeparator = "" });
            Assert.Equal(texts, Enumerable.Range(0, set.Count).Select(i => _data.Tokenizer.Decode(set[i].Tokens.AsSpan(1..^1))));
        }
    }

    [Fact]
    public void A_broken_first_line_does_not_hide_the_format()
    {
        string path = _data.Write("a.jsonl", "{{", "", """{"id": 3, "text": "hi"}""");

        TrainingSet<TrainingExample> set = _data.Examples(DataFixture.Options(path) with { BadLines = BadLines.Skip });

        Assert.Equal((1, DataFormat.TextLines), (set.Count, set.Report.Files[0].Format));
    }

    [Fact]
    public void A_line_with_messages_and_a_pair_serves_both_purposes()
    {
        string path = _data.Write("a.jsonl", """{"prompt": "hi", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a"}], "chosen": "b", "rejected": "c"}""");

        Assert.EndsWith("[a\n¶]", _data.Marked(_data.Examples(path)[0]));
        Assert.EndsWith("[b¶]", _data.Marked(_data.Pairs(path)[0].Chosen));
    }

    [Fact]
    public void A_format_can_be_named()
    {
        string path = _data.Write("a.jsonl", """{"text": "hi"}""");

        TrainingSet<TrainingExample> set = _data.Examples(new DataOptions { Sources = [new DataSource { Paths = [path], Format = DataFormat.PlainText }] });

        Assert.Equal("{\"text\": \"hi\"}", _data.Tokenizer.Decode(set[0].Tokens.AsSpan(1..^1)));
    }

    [Fact]
    public void Progress_goes_to_1()
    {
        List<double> seen = [];
        string path = _data.Write("a.jsonl", [.. Enumerable.Repeat("""{"text": "hi"}""", 3000)]);

        _ = ExampleSet.Open(DataFixture.Options(path, path), _data.Tokenizer, null, new Immediate(seen.Add));

        Assert.Equal(seen.Order(), seen);
        Assert.Equal(1, seen[^1]);
        Assert.Contains(seen, share => share is > 0.1 and < 0.4);
    }

    private sealed class Immediate(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
