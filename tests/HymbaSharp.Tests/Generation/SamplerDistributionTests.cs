using CsCheck;
using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

/// <summary>The sampler against <see cref="PlainSampler"/>: token for token, and in frequency.</summary>
public sealed class SamplerDistributionTests
{
    private static readonly float[] Unusual = [float.NaN, float.NegativeInfinity, -1e30f, -0f];

    private static readonly Gen<float> Logit = Gen.Frequency(
        (30, Gen.Int[-20, 20].Select(steps => steps / 2f)),
        (30, Gen.Int[-15_000, 15_000].Select(steps => steps / 1024f)),
        (4, Gen.Int[0, 3].Select(i => Unusual[i])),
        (1, Gen.Const(float.PositiveInfinity)));

    private static readonly Gen<GenerationOptions> Options =
        from temperature in Gen.OneOf(Gen.Int[0, 1].Select(i => (float)i), Gen.Float[0.05f, 3])
        from topK in Gen.OneOf(Gen.Const(0), Gen.Int[1, 12], Gen.Int[13, 400])
        from topP in Gen.OneOf(Gen.Int[0, 2].Select(i => i / 2f), Gen.Float[0, 1])
        from minP in Gen.OneOf(Gen.Int[0, 1].Select(i => (float)i), Gen.Float[0, 1], Gen.Float[0, 0.05f])
        from repetition in Gen.OneOf(Gen.Const(1f), Gen.Float[0.5f, 2])
        from presence in Gen.OneOf(Gen.Const(0f), Gen.Float[-2, 2])
        from frequency in Gen.OneOf(Gen.Const(0f), Gen.Float[-2, 2])
        from window in Gen.OneOf(Gen.Int[1, 40].Nullable(), Gen.Const((int?)null))
        from seed in Gen.ULong
        select new GenerationOptions
        {
            Temperature = temperature,
            TopK = topK,
            TopP = topP,
            MinP = minP,
            RepetitionPenalty = repetition,
            PresencePenalty = presence,
            FrequencyPenalty = frequency,
            PenaltyWindow = window,
            Seed = seed,
        };

    [Fact]
    public void Chooses_token_for_token_what_the_plain_implementation_chooses()
    {
        var cases =
            from options in Options
            from logits in Logit.Array[1, 300]
            from biases in Gen.Select(Gen.Int[0, logits.Length - 1], Gen.OneOf(Gen.Const(float.NegativeInfinity), Gen.Float[-9, 9])).Array[0, 4]
            from prompt in Gen.Int[0, logits.Length - 1].Array[0, 30]
            select (options with { LogitBias = biases.DistinctBy(bias => bias.Item1).ToDictionary(bias => bias.Item1, bias => bias.Item2) }, logits, prompt);

        cases.Sample((options, logits, prompt) =>
        {
            Sampler sampler = new(options, logits.Length, contextLength: 1000);
            Xoshiro256 random = new(options.Seed!.Value);
            List<(int, bool)> history = [.. prompt.Select(token => (token, false))];
            sampler.AcceptPrompt(prompt);
            for (int step = 0; step < 8; step++)
            {
                List<(int Token, double Probability)> distribution = PlainSampler.Distribution(options, history, logits);
                if (distribution.Count == 0)
                {
                    Assert.Throws<GenerationException>(() => sampler.Sample(logits));
                    return;
                }
                int token = sampler.Sample(logits);
                Assert.Equal(PlainSampler.At(distribution, options.Temperature == 0 ? 0 : random.NextDouble()), token);
                sampler.AcceptGenerated(token);
                history.Add((token, true));
            }
        }, iter: 4000);
    }

    public static TheoryData<GenerationOptions> Filters
    {
        get
        {
            GenerationOptions plain = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = 5 };
            return
            [
                plain,
                plain with { Temperature = 2 },
                plain with { TopK = 8 },
                plain with { TopP = 0.8f },
                plain with { MinP = 0.2f },
                plain with { TopK = 20, TopP = 0.9f, MinP = 0.05f, Temperature = 0.8f },
            ];
        }
    }

    [Theory, MemberData(nameof(Filters))]
    public void Draws_in_proportion_to_the_probabilities(GenerationOptions options)
    {
        const int draws = 60_000;
        float[] logits = [.. Enumerable.Range(0, 30).Select(i => i * 11 % 30 / 8f)];
        Sampler sampler = new(options, logits.Length, 8);
        int[] counts = new int[logits.Length];
        for (int i = 0; i < draws; i++)
            counts[sampler.Sample(logits)]++;

        List<(int Token, double Probability)> expected = PlainSampler.Distribution(options, [], logits);
        Assert.Equal(draws, expected.Sum(entry => counts[entry.Token]));
        double chiSquared = expected.Sum(entry => Math.Pow(counts[entry.Token] - draws * entry.Probability, 2) / (draws * entry.Probability));
        double freedom = expected.Count - 1;
        // Wilson and Hilferty's approximation of the 99.9 % quantile.
        double quantile = freedom * Math.Pow(1 - 2 / (9 * freedom) + 3.09 * Math.Sqrt(2 / (9 * freedom)), 3);
        Assert.InRange(chiSquared, 0, quantile);
    }

    [Theory]
    [InlineData(0.02f)]
    [InlineData(1f)]
    [InlineData(8f)]
    public void A_nucleus_of_a_whole_vocabulary_is_exact_however_flat(float spread)
    {
        Random random = new(11);
        float[] logits = [.. Enumerable.Range(0, 32_001).Select(_ => spread * MathF.Round(random.NextSingle() * 4000) / 1000)];
        foreach (float topP in (float[])[0.01f, 0.3f, 0.9f, 0.99f, 0.9999f])
        {
            GenerationOptions options = new() { Temperature = 1, TopK = 0, TopP = topP, MinP = 0, Seed = 12 };
            List<(int Token, double Probability)> expected = PlainSampler.Distribution(options, [], logits);
            Sampler sampler = new(options, logits.Length, 8);
            Xoshiro256 fractions = new(12);
            for (int i = 0; i < 20; i++)
                Assert.Equal(PlainSampler.At(expected, fractions.NextDouble()), sampler.Sample(logits));
        }
    }
}
