using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.Generation.Constraints;
using HymbaSharp.Tests.Generation;

namespace HymbaSharp.Tests.Chat;

public sealed class ToolCallGrammarTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("""{"type": "object", "properties": {}}""")]
    [InlineData("""{"type": "object", "description": "Nothing.", "required": []}""")]
    public async Task A_tool_that_describes_nothing_takes_nothing(string? parameters)
    {
        ToolCall call = await CallAsync(parameters, seed: 1);
        Assert.Equal("{}", call.Arguments.GetRawText());
    }

    [Fact]
    public async Task Arguments_are_those_of_the_schema()
    {
        for (ulong seed = 0; seed < 10; seed++)
        {
            ToolCall call = await CallAsync("""{"type": "object", "properties": {"n": {"type": "integer", "minimum": 3, "maximum": 40}, "unit": {"enum": ["a", "b"]}}, "required": ["n"]}""", seed);
            Assert.InRange(call.Arguments.GetProperty("n").GetInt32(), 3, 40);
            Assert.All(call.Arguments.EnumerateObject(), member => Assert.Contains(member.Name, (string[])["n", "unit"]));
        }
    }

    [Fact]
    public void Without_tools_there_is_no_call() => Assert.Throws<GrammarException>(() => ToolCallGrammar.Of([]));

    /// <summary>What an untrained model, which writes anything, calls.</summary>
    private static async Task<ToolCall> CallAsync(string? parameters, ulong seed)
    {
        using TextModel text = new();
        Grammar grammar = ToolCallGrammar.Of([("say \"it\"", parameters is null ? null : JsonElement.Parse(parameters))]);
        TokenConstraint constraint = new ConstraintCache(text.Model).Get("call", () => grammar);
        using HymbaSession session = text.Model.StartSession();
        Generated generated = await Generated.Of(session.GenerateAsync(text.Ids("_2>"), new GenerationOptions { Temperature = 2, TopK = 0, MinP = 0, Seed = seed, Constraint = constraint }, TestContext.Current.CancellationToken));
        ToolCall call = Assert.Single(ToolCallReader.Read(generated.Text).Calls);
        Assert.Equal("say \"it\"", call.Name);
        return call;
    }
}
