using System.Text;
using System.Text.Json;
using HymbaSharp.Generation.Constraints;
using HymbaSharp.Tests.Tokenization;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Generation.Constraints;

public sealed class TokenConstraintTests
{
    private static readonly Tokenizer Tokenizer = Texts.DemoTokenizer;

    public static TheoryData<string> Grammars => ["object", "schema", "regex", "gbnf", "lengths", "call"];

    /// <summary>Masks against trying every token, in states that random texts lead to, and after the automaton forgot what it knew.</summary>
    [Theory]
    [MemberData(nameof(Grammars))]
    public void A_mask_allows_exactly_the_tokens_whose_bytes_the_grammar_allows(string name)
    {
        Grammar grammar = Named(name);
        foreach (long cacheBytes in (long[])[TokenConstraint.MaxCacheBytes, 10_000])
        {
            TokenConstraint constraint = TokenConstraint.Compile(grammar, Tokenizer, Tokenizer.VocabularySize + 2, [2], allowsLeadingSpace: true, cacheBytes);
            Random random = new(11);
            for (int text = 0; text < 4; text++)
            {
                ConstraintState state = constraint.Start();
                List<byte> written = [];
                for (int step = 0; step < 25 && !state.IsDone; step++)
                {
                    float[] logits = new float[constraint.VocabularySize];
                    state.Mask(logits);
                    GrammarAutomaton automaton = new(grammar.ProgramFor(default), long.MaxValue);
                    int[] allowed = [.. Enumerable.Range(0, logits.Length).Where(id => logits[id] == 0)];
                    int[] expected = [.. Enumerable.Range(0, logits.Length).Where(id => IsAllowed(automaton, written, id))];
                    Assert.Equal(expected, allowed);
                    foreach (int id in Enumerable.Range(-1, logits.Length + 2).Where(id => id % 7 == step % 7))
                        Assert.Equal(expected.Contains(id), state.Clone().TryAccept(id));
                    int[] texts = [.. allowed.Where(id => id != 2)];
                    if (texts.Length == 0)
                        break;
                    int token = texts[random.Next(texts.Length)];
                    Assert.True(state.TryAccept(token));
                    written.AddRange(Tokenizer.Bytes(token));
                }
                Assert.InRange(constraint.CacheBytes, 0, cacheBytes + 500_000);
            }
        }
    }

    /// <summary>The same at the published vocabulary's size, along a text.</summary>
    [Fact]
    public void Masks_are_exact_for_the_published_vocabulary()
    {
        Tokenizer published = Tokenizer.Load(TestData.Shared("reference", "hymba-1.5b"));
        TokenConstraint constraint = TokenConstraint.Compile(Named("call"), published, published.VocabularySize, [published.EosId!.Value]);
        ConstraintState state = constraint.Start();
        float[] logits = new float[constraint.VocabularySize];
        foreach (int token in published.Encode("<toolcall> {\"name\": \"add\", \"arguments\": {\"a\": -120}} </toolcall>"))
        {
            Array.Clear(logits);
            state.Mask(logits);
            for (int id = 0; id < logits.Length; id++)
                Assert.Equal(logits[id] == 0, state.Clone().TryAccept(id));
            Assert.True(state.TryAccept(token));
        }
        Assert.True(state.IsDone);
    }

    private static bool IsAllowed(GrammarAutomaton automaton, List<byte> written, int id)
    {
        if (id >= Tokenizer.VocabularySize || (Tokenizer.IsSpecial(id) && id != 2))
            return false;
        byte[] text = id == 2 ? [.. written] : [.. written, .. Tokenizer.Bytes(id)];
        // None of these grammars has a text that begins with a space.
        ParserState state = automaton.Start;
        foreach (byte value in text.Length > 0 && text[0] == ' ' ? text[1..] : text)
        {
            automaton.BeginWork();
            state = automaton.Step(state, value);
        }
        return id == 2 ? state.IsFinal : state != ParserState.Dead && (state.IsFinal || state.Items.Length > 0);
    }

    private static Grammar Named(string name) => name switch
    {
        "object" => Grammar.AnyJsonObject,
        "schema" => Texts.Schema("""{"type":"object","properties":{"name":{"type":"string"},"n":{"type":"integer","minimum":-5,"maximum":1234},"tags":{"items":{"enum":["function","find","user"]}}},"required":["n"]}"""),
        "regex" => Grammar.FromRegex("(?:[a-zé界]+ )*[A-Z]{2,5}(?:e|er|ere)?"),
        "gbnf" => Grammar.FromGbnf("root ::= s\ns ::= \"(\" (s | [a-z]+){0,3} \")\""),
        "lengths" => Texts.Schema("""{"type":"string","minLength":3,"maxLength":9}"""),
        _ => ToolCall(),
    };

    private static Grammar ToolCall() => Grammar.Sequence(
        Grammar.Literal("<toolcall> {\"name\": \"add\", \"arguments\": "), Texts.Schema("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"""), Grammar.Literal("} </toolcall>"));

    [Fact]
    public void Grammars_compose()
    {
        Assert.True(ToolCall().Accepts("<toolcall> {\"name\": \"add\", \"arguments\": {\"a\": 1}} </toolcall>"));
        Assert.False(ToolCall().Accepts("<toolcall> {\"name\": \"add\", \"arguments\": {\"a\": \"1\"}} </toolcall>"));
        Grammar lines = Grammar.Repeat(Grammar.Choice(ToolCall(), Grammar.Literal("é🙂\n")), 1, 2);
        Assert.True(lines.Accepts("é🙂\né🙂\n"));
        Assert.False(lines.Accepts(""));
        Assert.False(lines.Accepts("é🙂\né🙂\né🙂\n"));
        Assert.True(Grammar.Sequence().Accepts(""));
        Assert.Contains("no text", Assert.Throws<GrammarException>(() => Grammar.Choice()).Message);
        Assert.Contains("allowed: 0 to 10000", Assert.Throws<GrammarException>(() => Grammar.Repeat(lines, 2, 1)).Message);
        Assert.Contains("allowed: 0 to 10000", Assert.Throws<GrammarException>(() => Grammar.Repeat(lines, 0, 10_001)).Message);
        Grammar doubled = lines;
        Assert.Contains("states", Assert.Throws<GrammarException>(() =>
        {
            for (int i = 0; i < 64; i++)
                doubled = Grammar.Sequence(doubled, doubled);
        }).Message);
        Assert.Contains("levels", Assert.Throws<GrammarException>(() =>
        {
            for (int i = 0; i < 1000; i++)
                lines = Grammar.Choice(Grammar.Sequence(Grammar.Literal("a"), lines), Grammar.Literal("bc"));
        }).Message);
    }

    [Fact]
    public void One_leading_space_is_dropped_where_the_decoder_drops_one()
    {
        Grammar grammar = Grammar.FromRegex("a|  b|");
        int space = Id("▁");
        foreach (bool allowsLeadingSpace in (bool[])[true, false])
        {
            TokenConstraint constraint = TokenConstraint.Compile(grammar, Tokenizer, Tokenizer.VocabularySize, [2], allowsLeadingSpace);
            foreach (string text in (string[])["a", "  b", "", " a", " b", "   b", "b"])
            {
                ConstraintState state = constraint.Start();
                bool isAccepted = text.All(character => state.TryAccept(character == ' ' ? space : Id(character.ToString()))) && state.IsComplete;
                string decoded = allowsLeadingSpace && text.StartsWith(' ') ? text[1..] : text;
                Assert.True(grammar.Accepts(decoded) == isAccepted, $"'{text}', {allowsLeadingSpace}");
            }
        }
    }

    [Fact]
    public void The_end_is_allowed_where_the_text_is_complete_and_nothing_after_it()
    {
        TokenConstraint constraint = Texts.Constraint(Grammar.FromRegex("a{2,3}"));
        ConstraintState state = constraint.Start();
        Assert.False(state.TryAccept(2));
        Assert.True(state.TryAccept(Id("a")));
        Assert.False(state.IsComplete);
        Assert.True(state.TryAccept(Id("a")));
        Assert.True(state.IsComplete && !state.IsDone);
        ConstraintState other = state.Clone();
        Assert.True(state.TryAccept(2));
        Assert.True(state.IsDone && state.IsComplete);
        Assert.False(state.TryAccept(Id("a")));
        Assert.False(state.TryAccept(2));
        float[] logits = new float[constraint.VocabularySize];
        state.Mask(logits);
        Assert.All(logits, logit => Assert.Equal(float.NegativeInfinity, logit));

        Assert.True(other.TryAccept(Id("a")));
        Assert.True(other.IsDone && other.IsComplete);
        Assert.False(other.TryAccept(Id("a")));
        Array.Clear(logits);
        other.Mask(logits);
        Assert.Equal([2], Enumerable.Range(0, logits.Length).Where(id => logits[id] == 0));
        Assert.Throws<ArgumentException>(() => other.Mask(new float[3]));
    }

    [Fact]
    public void Text_that_stands_for_the_end_is_no_text()
    {
        int a = Id("a");
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.FromRegex("a+"), Tokenizer, Tokenizer.VocabularySize, [a, -1, 1_000_000], allowsLeadingSpace: false);
        ConstraintState state = constraint.Start();
        Assert.False(state.TryAccept(a));
        float[] logits = new float[constraint.VocabularySize];
        state.Mask(logits);
        Assert.Equal(float.NegativeInfinity, logits[a]);
        Assert.True(state.TryAccept(Id("<0x61>")));
        Assert.True(state.TryAccept(a) && state.IsDone);
    }

    [Fact]
    public void Characters_may_be_written_byte_by_byte()
    {
        ConstraintState state = Texts.Constraint(Grammar.FromRegex("[é界]🙂")).Start();
        foreach (byte value in Encoding.UTF8.GetBytes("界🙂"))
            Assert.True(!state.IsDone && state.TryAccept(Id($"<0x{value:X2}>")));
        Assert.True(state.IsDone);
    }

    [Fact]
    public void What_the_vocabulary_cannot_write_is_left_out()
    {
        using TemporaryFolder folder = new();
        File.WriteAllBytes(folder.File("tokenizer.model"), ModelFixture.WithoutBytes().Write());
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Contains("the vocabulary can write", Assert.Throws<GrammarException>(() => Compile("x[0-9]")).Message);
        ConstraintState state = Compile("[a-z]{2}|a[0-9]").Start();
        Assert.False(state.TryAccept(Id("▁")));
        float[] logits = new float[tokenizer.VocabularySize];
        state.Mask(logits);
        Assert.Equal(["a", "aa", "ab", "b", "ba", "e", "h", "he", "l", "ll", "lo", "o", "w", "x", "xx"],
            Enumerable.Range(0, logits.Length).Where(id => logits[id] == 0).Select(tokenizer.Piece).Order(StringComparer.Ordinal));

        TokenConstraint Compile(string pattern) => TokenConstraint.Compile(Grammar.FromRegex(pattern), tokenizer, tokenizer.VocabularySize, [2], allowsLeadingSpace: false);
        int Id(string piece) => Enumerable.Range(0, tokenizer.VocabularySize).Single(id => tokenizer.Piece(id) == piece);
    }

    [Fact]
    public async Task One_constraint_serves_many_threads_while_it_forgets()
    {
        Grammar grammar = Grammar.AnyJsonObject;
        TokenConstraint shared = TokenConstraint.Compile(grammar, Tokenizer, Tokenizer.VocabularySize + 2, [2], allowsLeadingSpace: true, cacheBytes: 60_000);
        string[] expected = [.. Enumerable.Range(0, 8).Select(seed => Texts.Write(Texts.Constraint(grammar), new Random(seed)))];
        string[] texts = await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() => Texts.Write(shared, new Random(seed)))));
        Assert.Equal(expected, texts);
        Assert.All(texts, text => JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 }).Dispose());
    }

    [Fact]
    public void A_grammar_with_too_many_readings_is_given_up()
    {
        string rules = string.Join('\n', Enumerable.Range(0, 9000).Select(i => $"r{i} ::= \"x{i}\""));
        string choice = string.Join(" | ", Enumerable.Range(0, 9000).Select(i => $"r{i}"));
        Assert.Contains("too ambiguous", Assert.Throws<GrammarException>(() => Texts.Constraint(Grammar.FromGbnf($"root ::= {choice}\n{rules}"))).Message);

        // Far ahead it is only noticed there; until then, and after, the state is what it was.
        string before = new('b', 200);
        TokenConstraint constraint = Texts.Constraint(Grammar.FromGbnf($"root ::= \"{before}\" ({choice} | \"y\")\n{rules}"));
        ConstraintState state = constraint.Start();
        int b = Id("b");
        for (int i = 0; i < before.Length - 1; i++)
            Assert.True(state.TryAccept(b));
        Assert.Contains("too ambiguous", Assert.Throws<GrammarException>(() => state.TryAccept(b)).Message);
        Assert.Contains("too ambiguous", Assert.Throws<GrammarException>(() => state.Mask(new float[constraint.VocabularySize])).Message);
        Assert.False(state.TryAccept(Id("a")));
        Assert.True(constraint.Start().TryAccept(b));
    }

    private static int Id(string piece) => Enumerable.Range(0, Tokenizer.VocabularySize).First(id => Tokenizer.Piece(id) == piece);
}
