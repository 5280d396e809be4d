using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using HymbaSharp.Generation.Constraints;
using Json.Schema;

namespace HymbaSharp.Tests.Generation.Constraints;

/// <summary>What random logits write under a constraint, checked by a parser and a validator that know nothing of it.</summary>
public sealed class GeneratedJsonTests
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 2000 };
    private static readonly JsonSerializerOptions Compact = new() { MaxDepth = 2000, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_text_is_valid_against_its_schema(int part)
    {
        int refused = 0;
        for (int seed = 100 * part; seed < 100 * (part + 1); seed++)
        {
            Random random = new(seed);
            JsonObject schema = new RandomSchema(random).Next();
            string text = schema.ToJsonString();
            Grammar grammar;
            try
            {
                grammar = Texts.Schema(text);
            }
            catch (GrammarException error) when (error.Message.Contains("no text") || error.Message.Contains("beside 'enum'") || error.Message.Contains("allowed: one of them"))
            {
                refused++;
                continue;
            }
            TokenConstraint constraint = Texts.Constraint(grammar);
            JsonSchema validator = JsonSchema.FromText(text, new BuildOptions { SchemaRegistry = new SchemaRegistry() });
            for (int i = 0; i < 3; i++)
            {
                string written = Texts.Write(constraint, random, freely: random.Next(5, 60));
                using JsonDocument document = JsonDocument.Parse(written, Deep);
                EvaluationResults results = validator.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List, RequireFormatValidation = true });
                Assert.True(results.IsValid, $"seed {seed}: {written}\nis not valid against {text}\n{JsonSerializer.Serialize(results)}");

                // The same value as a serialiser writes it, without spaces and with other escapes.
                string compact = JsonSerializer.Serialize(document.RootElement, Compact);
                Assert.True(compact.Contains("\\u") || grammar.Accepts(compact), $"seed {seed}: {compact}\nis not accepted for {text}");
            }
        }
        // Parts that were put together by chance may exclude each other, or be together what is not supported.
        Assert.InRange(refused, 0, 20);
    }

    [Theory]
    [InlineData("""{"required":["a"]}""", "{}")]
    [InlineData("""{"format":"date"}""", "\"2023-02-30\"")]
    public void The_validator_sees_what_is_wrong(string schema, string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.False(JsonSchema.FromText(schema).Evaluate(document.RootElement, new EvaluationOptions { RequireFormatValidation = true }).IsValid);
    }

    [Fact]
    public void Any_object_is_json()
    {
        TokenConstraint constraint = Texts.Constraint(Grammar.AnyJsonObject);
        for (int seed = 0; seed < 60; seed++)
        {
            string written = Texts.Write(constraint, new Random(seed), freely: seed * 2);
            using JsonDocument document = JsonDocument.Parse(written, Deep);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }
}
