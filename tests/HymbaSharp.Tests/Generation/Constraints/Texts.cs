using System.Text;
using System.Text.Json;
using HymbaSharp.Generation.Constraints;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Generation.Constraints;

/// <summary>Which texts a grammar has, and texts that it writes itself.</summary>
internal static class Texts
{
    public static Tokenizer DemoTokenizer { get; } = Tokenizer.Load(Path.Combine(TestData.Repository, "models", "hymba-demo"));

    /// <summary>Whether a grammar has a text, byte by byte.</summary>
    public static bool Accepts(this Grammar grammar, ReadOnlySpan<byte> text)
    {
        GrammarAutomaton automaton = new(grammar.ProgramFor(default), long.MaxValue);
        ParserState state = automaton.Start;
        foreach (byte value in text)
        {
            automaton.BeginWork();
            state = automaton.Step(state, value);
        }
        return state.IsFinal;
    }

    public static bool Accepts(this Grammar grammar, string text) => grammar.Accepts(Encoding.UTF8.GetBytes(text));

    public static Grammar Schema(string schema)
    {
        using JsonDocument document = JsonDocument.Parse(schema);
        return Grammar.FromJsonSchema(document.RootElement);
    }

    public static GrammarException Refused(string schema) => Assert.Throws<GrammarException>(() => Schema(schema));

    public static TokenConstraint Constraint(Grammar grammar, bool allowsLeadingSpace = true) =>
        TokenConstraint.Compile(grammar, DemoTokenizer, DemoTokenizer.VocabularySize + 2, [DemoTokenizer.EosId!.Value], allowsLeadingSpace);

    /// <summary>
    /// A text written by random logits under a constraint. After some tokens, those that bring a JSON text to its end are preferred. Without an end within the limit
    /// the test fails.
    /// </summary>
    public static string Write(TokenConstraint constraint, Random random, int freely = 30, int limit = 2000)
    {
        ConstraintState state = constraint.Start();
        float[] logits = new float[constraint.VocabularySize];
        List<int> tokens = [];
        while (!state.IsDone)
        {
            foreach (ref float logit in logits.AsSpan())
                logit = random.NextSingle();
            state.Mask(logits);
            int[] allowed = [.. Enumerable.Range(0, logits.Length).Where(id => !float.IsNegativeInfinity(logits[id]))];
            Assert.True(allowed.Length > 0, $"a dead end after {DemoTokenizer.Decode([.. tokens])}");
            bool isInString = IsInString(tokens);
            // Now and then anything of one byte, or a pattern's next character would never be hit.
            int[] single = tokens.Count < freely ? allowed : random.Next(3) > 0 ? [] : [.. allowed.Where(id => isInString && DemoTokenizer.Bytes(id).Length == 1)];
            int token = single.Length > 0 ? single[random.Next(single.Length)] : allowed.MinBy(id => Urgency(id, isInString));
            Assert.True(state.TryAccept(token), $"the token {token} was allowed by the mask and then refused");
            if (token == DemoTokenizer.EosId)
                break;
            tokens.Add(token);
            Assert.True(tokens.Count < limit, $"no end within {limit} tokens: {DemoTokenizer.Decode([.. tokens.Take(200)])}");
        }
        Assert.True(state.IsComplete);
        return DemoTokenizer.Decode([.. tokens]);

        static int Urgency(int id, bool isInString)
        {
            if (id == DemoTokenizer.EosId)
                return -1;
            ReadOnlySpan<byte> bytes = DemoTokenizer.Bytes(id);
            int rank = (isInString ? "\"@.0123456789ntfaeulrsTZ-:" : "}]\"0123456789ntfaeulrs:.").IndexOf((char)bytes[0]);
            return (rank < 0 ? 100 : rank) + (bytes.Length > 1 ? 1000 : 0) + (bytes[0] >= 0x80 ? 200 : 0);
        }
    }

    private static bool IsInString(List<int> tokens)
    {
        bool isInString = false, isEscaped = false;
        foreach (byte value in tokens.SelectMany(id => DemoTokenizer.Bytes(id).ToArray()))
        {
            isInString ^= value == '"' && !isEscaped;
            isEscaped = isInString && value == '\\' && !isEscaped;
        }
        return isInString;
    }
}
