using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Tests.Generation.Constraints;

/// <summary>The demonstration model writing under a constraint.</summary>
public sealed class ConstrainedGenerationTests
{
    private static readonly Grammar Call = Grammar.Sequence(
        Grammar.Literal("<toolcall> {\"name\": \""), Grammar.Choice(Grammar.Literal("add"), Grammar.Literal("weather")),
        Grammar.Literal("\", \"arguments\": "), Texts.Schema("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"enum":["x","yy"]}},"required":["a","b"],"additionalProperties":false}"""),
        Grammar.Literal("} </toolcall>"));

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(1.5f, 1f)]
    [InlineData(1.5f, 1.3f)]
    public async Task The_text_is_the_grammars_and_ends_where_it_can_only_end(float temperature, float penalty)
    {
        using HymbaModel model = Open();
        TokenConstraint constraint = TokenConstraint.Compile(Call, model.Tokenizer!, model.Config.VocabularySize, model.EndOfTextIds, allowsLeadingSpace: false);
        for (ulong seed = 0; seed < 5; seed++)
        {
            using HymbaSession session = model.StartSession();
            GenerationOptions options = new() { Temperature = temperature, TopK = 0, TopP = 1, MinP = 0, RepetitionPenalty = penalty, Seed = seed, MaxTokens = 200, Constraint = constraint };
            Generated generated = await Generated.Of(session.GenerateAsync("What is 2 + 3?", options, TestContext.Current.CancellationToken));
            Assert.True(Call.Accepts(generated.Text), generated.Text);
            Assert.Equal(FinishReason.EndOfText, generated.Reason);
            // The last token is text, and the model had no need to end it.
            Assert.DoesNotContain(generated.Tokens[^1], model.EndOfTextIds);
            Assert.Equal(0, generated.Statistics.DraftedTokens);
            Assert.EndsWith("</toolcall>", generated.Text);
        }
    }

    [Fact]
    public async Task The_model_may_end_where_the_grammar_can()
    {
        using HymbaModel model = Open();
        Grammar letters = Grammar.FromRegex("[a-z]{3,}");
        TokenConstraint constraint = TokenConstraint.Compile(letters, model.Tokenizer!, model.Config.VocabularySize, model.EndOfTextIds, allowsLeadingSpace: false);
        GenerationOptions options = new()
        {
            Temperature = 0,
            MaxTokens = 50,
            Constraint = constraint,
            LogitBias = model.EndOfTextIds.ToDictionary(id => id, _ => 1000f),
        };
        using HymbaSession session = model.StartSession();
        Generated generated = await Generated.Of(session.GenerateAsync("Hello", options, TestContext.Current.CancellationToken));
        Assert.InRange(generated.Text.Length, 3, 20);
        Assert.True(letters.Accepts(generated.Text));
        Assert.Equal(FinishReason.EndOfText, generated.Reason);
        Assert.Contains(generated.Tokens[^1], model.EndOfTextIds);
    }

    [Fact]
    public async Task A_limit_cuts_the_text_and_says_so()
    {
        using HymbaModel model = Open();
        TokenConstraint constraint = TokenConstraint.Compile(Call, model.Tokenizer!, model.Config.VocabularySize, model.EndOfTextIds, allowsLeadingSpace: false);
        using HymbaSession session = model.StartSession();
        Generated generated = await Generated.Of(session.GenerateAsync("Hi", new GenerationOptions { MaxTokens = 3, Constraint = constraint }, TestContext.Current.CancellationToken));
        Assert.Equal(FinishReason.MaxTokens, generated.Reason);
        Assert.StartsWith(generated.Text, "<toolcall> {\"name\": \"");
    }

    [Fact]
    public void A_constraint_for_another_vocabulary_is_refused()
    {
        using HymbaModel model = Open();
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.AnyJsonObject, model.Tokenizer!, model.Config.VocabularySize + 1, model.EndOfTextIds);
        GenerationOptionsException error = Assert.Throws<GenerationOptionsException>(() => new GenerationOptions { Constraint = constraint }.Validate(model.Config.VocabularySize));
        Assert.Equal("Constraint", error.Option);
        Assert.Contains("for a vocabulary of 1537; allowed: one compiled for the model's, of 1536", error.Message);
    }

    [Fact]
    public void The_mask_comes_after_penalties_and_before_the_filters()
    {
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.FromRegex("[ab]+"), Texts.DemoTokenizer, Texts.DemoTokenizer.VocabularySize, [2], allowsLeadingSpace: false);
        int a = Id("a"), b = Id("b"), c = Id("c");
        float[] logits = new float[constraint.VocabularySize];
        (logits[a], logits[b], logits[c]) = (-50, -51, 100);
        Sampler greedy = new(new GenerationOptions { Temperature = 0, Constraint = constraint, RepetitionPenalty = 2, LogitBias = new Dictionary<int, float> { [c] = 50 } }, logits.Length, 8);
        int first = greedy.Sample(logits);
        greedy.AcceptGenerated(first);
        Assert.All(Texts.DemoTokenizer.Bytes(first).ToArray(), value => Assert.Contains((char)value, "ab"));
        Sampler one = new(new GenerationOptions { TopK = 1, Constraint = constraint, Seed = 1, LogitBias = new Dictionary<int, float> { [a] = 1000 } }, logits.Length, 8);
        Assert.Equal(a, one.Sample(logits));
        Assert.Equal(100, logits[c]);
        Assert.False(one.IsDone);
    }

    /// <summary>A reply's own leading space is not the grammar's; a text that goes on with another has none.</summary>
    [Fact]
    public async Task A_reply_may_begin_with_the_space_that_decoding_drops()
    {
        using HymbaModel model = Open();
        Grammar word = Grammar.FromRegex("hello|there");
        TokenConstraint constraint = TokenConstraint.Compile(word, model.Tokenizer!, model.Config.VocabularySize, model.EndOfTextIds);
        using Conversation conversation = new(model);
        GenerationOptions options = new() { Temperature = 0, MaxTokens = 20, Constraint = constraint, LogitBias = new Dictionary<int, float> { [Id("▁")] = 1000 } };
        Generated generated = await Generated.Of(conversation.SendAsync("Hi", options, TestContext.Current.CancellationToken));
        Assert.Equal(Id("▁"), generated.Tokens[0]);
        Assert.True(word.Accepts(generated.Text), generated.Text);
        Assert.Equal(generated.Text, conversation.Messages[^1].Content);
    }

    private static int Id(string piece) => Enumerable.Range(0, Texts.DemoTokenizer.VocabularySize).First(id => Texts.DemoTokenizer.Piece(id) == piece);

    private static HymbaModel Open() => HymbaModel.Load(Path.Combine(TestData.Repository, "models", "hymba-demo"), Reference.Options(contextLength: 512));
}
