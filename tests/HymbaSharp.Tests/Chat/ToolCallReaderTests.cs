using CsCheck;
using HymbaSharp.Chat;

namespace HymbaSharp.Tests.Chat;

public sealed class ToolCallReaderTests
{
    [Theory]
    [InlineData("Just text. ", "Just text. ")]
    [InlineData("<toolcall> {\"name\": \"f\", \"arguments\": {\"a\": 1}} </toolcall>", "", "f{\"a\": 1}")]
    [InlineData("<toolcall>{\"name\":\"f\",\"arguments\":{}}</toolcall>\n <toolcall>{\"name\":\"g\",\"arguments\":{\"x\":[1]}}</toolcall>\n", "", "f{}", "g{\"x\":[1]}")]
    [InlineData("Let me see.\n<toolcall>{\"name\":\"f\"}</toolcall> Done. ", "Let me see. Done. ", "f{}")]
    [InlineData("<toolcall>{\"name\":\"f\",\"arguments\":{\"s\":\"a </toolcall> b \\\" <toolcall>\"}}</toolcall>", "", "f{\"s\":\"a </toolcall> b \\\" <toolcall>\"}")]
    [InlineData("a < b <tool <<toolcall>{\"name\":\"f\"}</toolcall>", "a < b <tool <", "f{}")]
    [InlineData("<toolcal", "<toolcal")]
    [InlineData("x  \n", "x  \n")]
    [InlineData("", "")]
    public void Takes_calls_out_of_the_text(string text, string rest, params string[] calls)
    {
        ToolCallReading reading = ToolCallReader.Read(text);

        Assert.Equal(rest, reading.Text);
        Assert.Equal(calls, reading.Calls.Select(call => call.Name + call.Arguments));
        Assert.Empty(reading.Malformed);
    }

    [Theory]
    [InlineData("<toolcall>{bad}</toolcall>", "not JSON")]
    [InlineData("<toolcall></toolcall>", "not JSON")]
    [InlineData("<toolcall>[1]</toolcall>", "Array")]
    [InlineData("<toolcall>{\"arguments\":{}}</toolcall>", "'name'")]
    [InlineData("<toolcall>{\"name\":5}</toolcall>", "'name'")]
    [InlineData("<toolcall>{\"name\":\"\"}</toolcall>", "'name'")]
    [InlineData("<toolcall>{\"name\":\"f\",\"arguments\":\"{}\"}</toolcall>", "'arguments' are a JSON String")]
    [InlineData("<toolcall>{\"name\":\"f\",\"arguments\":null}</toolcall>", "'arguments'")]
    [InlineData("<toolcall>{\"name\":\"f\"} x</toolcall>", "not JSON")]
    [InlineData("<toolcall>{\"name\":\"f", "</toolcall>")]
    [InlineData("<toolcall>{\"name\":\"\\ud800\"}</toolcall>", "not JSON")]
    [InlineData("<toolcall>{\"name\":\"f\",\"arguments\":{\"\\ud800\":1}}</toolcall>", "not JSON")]
    public void Reports_what_is_no_call_and_leaves_it_in_the_text(string text, string reason)
    {
        ToolCallReading reading = ToolCallReader.Read("A " + text + " B");

        Assert.Equal("A " + text + " B", reading.Text);
        Assert.Empty(reading.Calls);
        Assert.Contains(reason, Assert.Single(reading.Malformed).Reason);
    }

    [Fact]
    public void Reports_a_call_that_is_no_Unicode() =>
        Assert.Contains("not JSON", Assert.Single(ToolCallReader.Read($"<toolcall>{{\"name\":\"{'\ud800'}\"}}</toolcall>").Malformed).Reason);

    [Fact]
    public void Goes_on_after_a_quote_that_is_never_closed()
    {
        ToolCallReading reading = ToolCallReader.Read("<toolcall>{\"name\": \"f}</toolcall> <toolcall>{\"name\":\"g\"}</toolcall>");

        // The second call's quotes pair with the first one's.
        Assert.Equal("<toolcall>{\"name\": \"f}</toolcall>", reading.Text);
        Assert.Equal("g", Assert.Single(reading.Calls).Name);
        Assert.Equal("<toolcall>{\"name\": \"f}</toolcall>", Assert.Single(reading.Malformed).Text);
    }

    [Fact]
    public void Nests_too_deep_for_JSON_without_failing()
    {
        string deep = new('[', 100_000);

        Assert.Single(ToolCallReader.Read($"<toolcall>{{\"name\":\"f\",\"arguments\":{{\"a\":{deep}</toolcall>").Malformed);
    }

    [Fact]
    public void Shows_text_as_it_arrives_and_holds_back_what_may_become_a_call()
    {
        ToolCallReader reader = new();

        Assert.Equal("Hello", reader.Append("Hello "));
        Assert.Equal(" wor", reader.Append("wor"));
        Assert.Equal("ld", reader.Append("ld <tool"));
        Assert.Equal(" <toolbox>", reader.Append("box>"));
        Assert.Equal("", reader.Append("\n<toolca"));
        Assert.Equal("", reader.Append("ll> {\"name\": \"f\","));
        Assert.Empty(reader.Calls);
        Assert.Equal("", reader.Append("\"arguments\": {}} </toolcall>"));
        Assert.Equal("f", Assert.Single(reader.Calls).Name);
        Assert.Equal("", reader.Append("\n"));
        Assert.Equal("\nEnd", reader.Append("End<"));
        Assert.Equal("<", reader.Complete());
    }

    [Fact]
    public void Reads_the_same_however_the_text_is_cut()
    {
        Gen<string> piece = OneOf(
            "<toolcall>", "</toolcall>", "{\"name\":\"f\",\"arguments\":{\"a\":\"b\"}}", "<toolcall>{\"name\":\"g\"}</toolcall>",
            "<tool", "\"", "\\", "\n", " ", "x", "<", "{", "}");
        Gen<string> text = piece.Array[0, 12].Select(string.Concat);

        Gen.Select(text, Gen.Int[1, 20].Array[1, 10]).Sample((whole, sizes) =>
        {
            ToolCallReader reader = new();
            string shown = "";
            for (int start = 0, i = 0; start < whole.Length; i++)
            {
                int size = Math.Min(sizes[i % sizes.Length], whole.Length - start);
                shown += reader.Append(whole.Substring(start, size));
                start += size;
            }
            shown += reader.Complete();

            ToolCallReading reading = ToolCallReader.Read(whole);
            return shown == reading.Text && reader.Calls.Count == reading.Calls.Count && reader.Malformed.SequenceEqual(reading.Malformed)
                && (reading.Calls.Count > 0 || shown == whole);
        }, iter: 5_000);
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"a": 1, "b": [true, null, -2.5e3, "x"], "c": {"d": "\"\\\n</toolcall>é"}}""")]
    public void A_call_is_written_as_it_is_read(string arguments)
    {
        ToolCall call = new("get_weather", System.Text.Json.JsonElement.Parse(arguments));
        string text = call.ToText();
        Assert.StartsWith("<toolcall> {\"name\": \"get_weather\", \"arguments\": {", text, StringComparison.Ordinal);
        ToolCall read = Assert.Single(ToolCallReader.Read(text).Calls);
        Assert.Equal(call.Name, read.Name);
        Assert.True(System.Text.Json.JsonElement.DeepEquals(call.Arguments, read.Arguments));
        Assert.Contains($"\"arguments\": {arguments}", text, StringComparison.Ordinal);
    }
}
