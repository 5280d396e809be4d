using System.Diagnostics;
using System.Text.Json;
using HymbaSharp.Generation.Constraints;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Lab;

/// <summary>
/// 0006: what a constraint costs per token: masks of states seen for the first time, with the walk through the vocabulary, and of those seen before; and compiling.
/// </summary>
internal static class Masks
{
    private const int Rounds = 7;

    private const string Call = """{"name": "find_flights", "arguments": {"from": "Zürich", "to": "Reykjavík", "date": "2026-05-17", "passengers": 3, "notes": "window seat, vegetarian meal; call \"Anna\" on arrival"}}""";

    private const string Schema = """
        {"type":"object","properties":{"name":{"const":"find_flights"},"arguments":{"type":"object","properties":{"from":{"type":"string"},"to":{"type":"string"},
        "date":{"type":"string","format":"date"},"passengers":{"type":"integer","minimum":1,"maximum":9},"notes":{"type":"string","maxLength":200}},"required":["from","to","date"]}},"required":["name","arguments"]}
        """;

    public static void Run(string[] arguments)
    {
        Tokenizer tokenizer = Tokenizer.Load(arguments[0]);
        float[] source = new float[tokenizer.VocabularySize], logits = new float[source.Length];
        using JsonDocument schema = JsonDocument.Parse(Schema);
        (string Name, Func<Grammar> Make, string Text)[] cases =
        [
            ("schema", () => Grammar.FromJsonSchema(schema.RootElement), Call),
            ("any object", () => Grammar.AnyJsonObject, $$"""{"a": [{"b": {{Call}}}, [1, 2.5e3, null, true, [[{{Call}}]]]]}"""),
            ("regex", () => Grammar.FromRegex("(?:[A-Za-zäöüí]+[,.;:!?]? ?){1,200}"), "The quick brown fox jumps over the lazy dog, and nobody knows why; ask Anna in Reykjavík."),
            ("gbnf", () => Grammar.FromGbnf("root ::= item+\nitem ::= \"- \" text \"\\n\" sub*\nsub ::= \"  - \" text \"\\n\"\ntext ::= [^\\n]{1,80}"), "- Bring warm clothes\n  - gloves\n  - a hat\n- Call Anna before noon\n"),
        ];
        Console.WriteLine($"{tokenizer.VocabularySize} tokens; µs, medians of {Rounds} rounds (most: the slowest token of a round)");
        foreach ((string name, Func<Grammar> make, string text) in cases)
        {
            int[] tokens = tokenizer.Encode(text);
            List<double>[] columns = [.. Enumerable.Range(0, 7).Select(_ => new List<double>())];
            for (int round = 0; round <= Rounds; round++)
            {
                long start = Stopwatch.GetTimestamp();
                Grammar grammar = make();
                double reading = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                start = Stopwatch.GetTimestamp();
                TokenConstraint constraint = TokenConstraint.Compile(grammar, tokenizer, source.Length, [2]);
                double compiling = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                double[] first = Follow(constraint, tokens, source, logits), again = Follow(constraint, tokens, source, logits);
                if (round == 0)
                    continue;
                foreach ((int column, double value) in ((double[])[reading, compiling, first.Average(), first.Max(), Median(again), again.Max(), constraint.CacheBytes / 1024.0]).Index())
                    columns[column].Add(value);
            }
            double[] medians = [.. columns.Select(Median)];
            Console.WriteLine($"{name,-10} {tokens.Length,3} tokens: read {medians[0]:0}, compile {medians[1]:0}; first time mean {medians[2]:0}, most {medians[3]:0}; again median {medians[4]:0.0}, most {medians[5]:0.0}; {medians[6]:0} KiB");
        }
    }

    /// <summary>Mask and acceptance of each token of a text, in µs.</summary>
    private static double[] Follow(TokenConstraint constraint, int[] tokens, float[] source, float[] logits)
    {
        ConstraintState state = constraint.Start();
        double[] times = new double[tokens.Length];
        for (int i = 0; i < tokens.Length; i++)
        {
            source.CopyTo(logits, 0);
            long start = Stopwatch.GetTimestamp();
            state.Mask(logits);
            bool isAllowed = state.TryAccept(tokens[i]);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            if (!isAllowed || float.IsNegativeInfinity(logits[tokens[i]]))
                throw new InvalidOperationException($"token {i} of the text is not the grammar's");
        }
        return times;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
