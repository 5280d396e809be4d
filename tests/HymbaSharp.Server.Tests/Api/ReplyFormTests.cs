using System.ClientModel;
using System.Text.Json;
using System.Text.RegularExpressions;
using NJsonSchema;
using OpenAI;
using OpenAI.Chat;

namespace HymbaSharp.Server.Tests.Api;

public sealed partial class ReplyFormTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Path = "/v1/chat/completions";

    private const string Person = """
        {"type": "object", "properties": {"name": {"type": "string", "maxLength": 12}, "bees": {"type": "integer", "minimum": 0, "maximum": 99}, "kind": {"enum": ["smith", "baker"]}}, "required": ["name", "bees", "kind"], "additionalProperties": false}
        """;

    private const string Tools = """
        [{"type": "function", "function": {"name": "get_weather", "description": "Get the weather in a city.", "parameters": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}}},
         {"type": "function", "function": {"name": "stop_clock"}}]
        """;

    private TestServer Server => fixture.Server;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reply_keeps_to_a_schema(bool streams)
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync(Person, TestContext.Current.CancellationToken);
        for (int seed = 0; seed < 10; seed++)
        {
            string request = Ask($$$"""
                "response_format": {"type": "json_schema", "json_schema": {"name": "person", "strict": true, "schema": {{{Person}}} } }, "temperature": 2, "top_k": 0, "min_p": 0, "seed": {{{seed}}}, "stream": {{{(streams ? "true" : "false")}}}
                """);
            string text = streams
                ? string.Concat((await Server.StreamAsync(Path, request)).Select(e => e.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out JsonElement content) ? content.GetString() : ""))
                : Said(await Server.AskAsync(Path, request));
            Assert.Empty(schema.Validate(text));
        }
    }

    [Fact]
    public async Task A_reply_may_be_any_object_a_match_or_a_text_of_a_grammar()
    {
        string any = Said(await Server.AskAsync(Path, Ask("""
            "response_format": {"type": "json_object"}, "temperature": 0, "max_tokens": 40
            """)));
        Assert.StartsWith("{", any, StringComparison.Ordinal);
        Assert.Matches("^[ab]{3}-[0-9]+!$", Said(await Server.AskAsync(Path, Ask("""
            "guided_regex": "[ab]{3}-[0-9]{1,3}!", "temperature": 1.5
            """))));
        Assert.Matches("^(yes|no), (yes|no)$", Said(await Server.AskAsync(Path, Ask("""
            "grammar": "root ::= answer \", \" answer\nanswer ::= \"yes\" | \"no\"", "temperature": 1.5
            """))));
        JsonElement completed = await Server.AskAsync("/v1/completions", """{"prompt": "Mira lives", "guided_regex": " in [A-Z][a-z]{3}\\.", "temperature": 0}""");
        Assert.Matches(Lives(), completed.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("\"required\"", "get_weather|stop_clock")]
    [InlineData("""{"type": "function", "function": {"name": "stop_clock"}}""", "stop_clock")]
    [InlineData("""{"type": "function", "function": {"name": "get_weather"}}""", "get_weather")]
    public async Task A_required_call_is_made_whatever_is_said(string choice, string names)
    {
        JsonElement reply = (await Server.AskAsync(Path, Ask($$"""
            "tools": {{Tools}}, "tool_choice": {{choice}}, "temperature": 1, "seed": 3
            """))).GetProperty("choices")[0];
        JsonElement function = Assert.Single(reply.GetProperty("message").GetProperty("tool_calls").EnumerateArray()).GetProperty("function");
        Assert.Matches($"^({names})$", function.GetProperty("name").GetString());
        Assert.Equal("tool_calls", reply.GetProperty("finish_reason").GetString());
        JsonElement arguments = JsonElement.Parse(function.GetProperty("arguments").GetString()!);
        Assert.Equal(function.GetProperty("name").GetString() == "get_weather", arguments.TryGetProperty("city", out _));
    }

    [Fact]
    public async Task With_tools_a_reply_of_a_form_may_call_one_in_its_place()
    {
        string rest = $$$"""
            "tools": {{{Tools}}}, "response_format": {"type": "json_schema", "json_schema": {"name": "person", "schema": {{{Person}}} } }, "temperature": 0
            """;
        JsonElement called = (await Server.AskAsync(Path, "{\"messages\": [{\"role\": \"user\", \"content\": \"What is the weather in Kostenwick?\"}], " + rest + "}")).GetProperty("choices")[0];
        Assert.Equal("tool_calls", called.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Ollamas_format_is_kept()
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync(Person, TestContext.Current.CancellationToken);
        JsonElement chat = await Server.AskAsync("/api/chat", $$"""{"model": "hymba-demo", "messages": [{"role": "user", "content": "Who is Mira?"}], "format": {{Person}}, "stream": false}""");
        Assert.Empty(schema.Validate(chat.GetProperty("message").GetProperty("content").GetString()!));
        JsonElement text = await Server.AskAsync("/api/generate", $$"""{"model": "hymba-demo", "prompt": "Who is Mira?", "format": {{Person}}, "stream": false}""");
        Assert.Empty(schema.Validate(text.GetProperty("response").GetString()!));
    }

    [Fact]
    public async Task The_openai_client_reads_structured_output()
    {
        ChatClient client = new("hymba-demo", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(Server.Address, "v1") });
        ChatCompletion reply = await client.CompleteChatAsync([ChatMessage.CreateUserMessage("Who is Mira?")], new ChatCompletionOptions
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("person", BinaryData.FromString(Person), jsonSchemaIsStrict: true),
        }, TestContext.Current.CancellationToken);
        Assert.Empty((await JsonSchema.FromJsonAsync(Person, TestContext.Current.CancellationToken)).Validate(reply.Content[0].Text));
    }

    [Theory]
    [InlineData("""
        "response_format": {"type": "xml"}
        """, "response_format", "xml")]
    [InlineData("""
        "response_format": {"type": "json_schema"}
        """, "response_format", "json_schema")]
    [InlineData("""
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "patternProperties": {}}}}
        """, "response_format", "patternProperties")]
    [InlineData("""
        "guided_regex": "(a"
        """, "guided_regex", "")]
    [InlineData("""
        "guided_regex": "(a*)*\\1"
        """, "guided_regex", "")]
    [InlineData("""
        "grammar": "root ::= other"
        """, "grammar", "other")]
    [InlineData("""
        "grammar": "root ::= \"a\"", "guided_regex": "a"
        """, "guided_regex", "combined")]
    [InlineData("""
        "tool_choice": "required"
        """, "tool_choice", "no 'tools'")]
    [InlineData("""
        "tools": [{"function": {"name": "f"}}], "tool_choice": {"type": "function", "function": {"name": "g"}}
        """, "tool_choice", "'g'")]
    [InlineData("""
        "tools": [{"function": {"name": "f", "parameters": {"type": "object", "dependentSchemas": {}}}}], "tool_choice": "required"
        """, "tools", "dependentSchemas")]
    public async Task What_cannot_be_kept_is_refused_by_name(string rest, string param, string said)
    {
        JsonElement error = await Server.RefusedAsync(Path, Ask(rest));
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Contains(said, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hostile_patterns_and_schemas_end_soon()
    {
        string nested = string.Concat(Enumerable.Repeat("(", 90)) + "a" + string.Concat(Enumerable.Repeat("+)+", 90)) + "b";
        string wide = "{\"type\": \"object\", \"properties\": {" + string.Join(',', Enumerable.Range(0, 3000).Select(i => $"\"p{i}\": {{\"type\": \"string\", \"maxLength\": 10000}}")) + "}}";
        foreach (string rest in (string[])
        [
            $"\"guided_regex\": {JsonSerializer.Serialize(nested)}, \"max_tokens\": 20",
            $"\"response_format\": {{\"type\": \"json_schema\", \"json_schema\": {{\"name\": \"x\", \"schema\": {wide}}}}}, \"max_tokens\": 20",
            "\"guided_regex\": \"(a|a)*(a|a)*(a|a)*(a|a)*(a|a)*b\", \"max_tokens\": 20",
        ])
        {
            using HttpResponseMessage response = await Server.PostAsync(Path, Ask(rest));
            Assert.True((int)response.StatusCode is 200 or 400, $"{response.StatusCode}");
        }
        _ = await Server.AskAsync(Path, Ask("\"max_tokens\": 1"));
    }

    private static string Ask(string rest) => "{\"messages\": [{\"role\": \"user\", \"content\": \"Who is Mira?\"}], \"contexts\": [\"Mira is a smith. She keeps 12 bees.\"], " + rest + "}";

    private static string Said(JsonElement reply) => reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

    [GeneratedRegex("^ in [A-Z][a-z]{3}\\.$")]
    private static partial Regex Lives();
}
