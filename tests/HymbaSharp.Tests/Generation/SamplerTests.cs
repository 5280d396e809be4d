using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class SamplerTests
{
    private static readonly GenerationOptions Greedy = new() { Temperature = 0 };
    private static readonly GenerationOptions Plain = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = 1 };

    [Fact]
    public void Greedy_takes_the_largest_and_of_equals_the_lowest_id()
    {
        Assert.Equal(2, new Sampler(Greedy, 5, 8).Sample([-3, 1, 4, 4, float.NaN]));
        Assert.Equal(0, new Sampler(Greedy, 3, 8).Sample([0f, -0f, 0f]));
        Assert.Equal(1, new Sampler(Greedy, 3, 8).Sample([float.MaxValue, float.PositiveInfinity, 0]));
    }

    [Theory]
    [InlineData(1, 1f, 0f)]
    [InlineData(0, 0f, 0f)]
    [InlineData(0, 1f, 1f)]
    public void The_tightest_filters_leave_the_most_probable_token(int topK, float topP, float minP)
    {
        Sampler sampler = new(Plain with { TopK = topK, TopP = topP, MinP = minP }, 4, 8);
        for (int i = 0; i < 50; i++)
            Assert.Equal(2, sampler.Sample([1, 1.9f, 2, 1.9f]));
    }

    [Fact]
    public void A_temperature_near_zero_is_greedy()
    {
        Sampler sampler = new(Plain with { Temperature = float.Epsilon }, 4, 8);
        for (int i = 0; i < 50; i++)
            Assert.Equal(2, sampler.Sample([1, 1.9f, 2, float.NegativeInfinity]));
    }

    [Theory]
    [InlineData(0f, 0)]
    [InlineData(1f, 0)]
    [InlineData(1f, 2)]
    public void Logits_without_a_candidate_are_refused_and_explained(float temperature, int topK)
    {
        Sampler sampler = new(Plain with { Temperature = temperature, TopK = topK, LogitBias = new Dictionary<int, float> { [3] = float.NegativeInfinity } }, 4, 8);
        GenerationException error = Assert.Throws<GenerationException>(() => sampler.Sample([float.NaN, float.NegativeInfinity, float.NaN, 5]));
        Assert.Contains("of 4 logits, 2 are not a number, 1 are negative infinity", error.Message);
        Assert.Equal(1, sampler.Sample([float.NaN, 0, float.NaN, 5]));
    }

    [Fact]
    public void Infinite_logits_share_the_choice()
    {
        Sampler sampler = new(Plain, 5, 8);
        HashSet<int> chosen = [.. Enumerable.Range(0, 100).Select(_ => sampler.Sample([float.PositiveInfinity, 1e30f, float.NaN, float.PositiveInfinity, 0]))];
        Assert.Equal([0, 3], chosen.Order());
    }

    [Fact]
    public void The_logits_must_be_as_many_as_the_vocabulary()
    {
        Sampler sampler = new(Greedy, 4, 8);
        Assert.Throws<ArgumentException>(() => sampler.Sample(new float[3]));
        Assert.Throws<ArgumentException>(() => sampler.Sample(new float[5]));
    }

    [Fact]
    public void The_logits_stay_as_they_were()
    {
        float[] logits = [3, 2, 1, 0];
        Sampler sampler = new(Plain with { RepetitionPenalty = 2, LogitBias = new Dictionary<int, float> { [1] = 5 } }, 4, 8);
        sampler.AcceptPrompt([0, 1]);
        sampler.Sample(logits);
        Assert.Equal([3, 2, 1, 0], logits);
    }

    [Fact]
    public void The_repetition_penalty_counts_prompt_and_generated_the_others_generated_only()
    {
        float[] logits = [2, 1.5f, -1, -1.2f];
        Sampler repetition = new(Greedy with { RepetitionPenalty = 1.5f }, 4, 8);
        repetition.AcceptPrompt([0]);
        Assert.Equal(1, repetition.Sample(logits));

        Sampler presence = new(Greedy with { PresencePenalty = 1 }, 4, 8);
        presence.AcceptPrompt([0, 0, 0]);
        Assert.Equal(0, presence.Sample(logits));
        presence.AcceptGenerated(0);
        Assert.Equal(1, presence.Sample(logits));

        Sampler frequency = new(Greedy with { FrequencyPenalty = 0.3f }, 4, 8);
        frequency.AcceptGenerated(0);
        Assert.Equal(0, frequency.Sample(logits));
        frequency.AcceptGenerated(0);
        Assert.Equal(1, frequency.Sample(logits));
    }

    [Fact]
    public void A_token_that_leaves_the_window_is_penalized_no_more()
    {
        float[] logits = [2, 1.9f, 0, 0];
        Sampler sampler = new(Greedy with { PresencePenalty = 1, RepetitionPenalty = 2, PenaltyWindow = 2 }, 4, 8);
        sampler.AcceptGenerated(0);
        sampler.AcceptGenerated(2);
        Assert.Equal(1, sampler.Sample(logits));
        sampler.AcceptGenerated(2);
        Assert.Equal(0, sampler.Sample(logits));
    }

    [Fact]
    public void The_end_of_text_is_never_chosen_where_it_is_ignored()
    {
        Assert.Equal(1, new Sampler(Greedy with { IgnoreEndOfText = true }, 4, 8, 2, 3, 4, -1).Sample([0, 1, 9, 8]));
        Assert.Equal(2, new Sampler(Greedy, 4, 8, 2, 3).Sample([0, 1, 9, 8]));
    }

    [Fact]
    public void A_seed_gives_this_sequence_on_every_machine()
    {
        float[] logits = [.. Enumerable.Range(0, 1001).Select(i => i * 7919 % 1000 / 125f)];
        Assert.Equal("88 383 672 926 988 771 718 852 766 582 680 287", Sequence(Plain with { Seed = 42 }));
        Assert.Equal("99 383 669 926 988 778 718 853 766 583 680 286", Sequence(Plain with { Seed = 42, Temperature = 0.7f, TopP = 0.9f }));
        Assert.Equal("593 963 667 99 210 309 840 136 161 198 173 284", Sequence(new GenerationOptions { Seed = 43, FrequencyPenalty = 0.5f }));

        string Sequence(GenerationOptions options)
        {
            Sampler sampler = new(options, logits.Length, 100);
            List<int> tokens = [];
            for (int i = 0; i < 12; i++)
            {
                tokens.Add(sampler.Sample(logits));
                sampler.AcceptGenerated(tokens[^1]);
            }
            return string.Join(' ', tokens);
        }
    }

    [Fact]
    public void Without_a_seed_each_sampler_draws_its_own_and_tells_it()
    {
        Sampler first = new(Plain with { Seed = null }, 1000, 8), second = new(Plain with { Seed = null }, 1000, 8);
        Assert.NotEqual(first.Seed, second.Seed);
        Sampler again = new(Plain with { Seed = first.Seed }, 1000, 8);
        for (int i = 0; i < 20; i++)
            Assert.Equal(first.Sample(new float[1000]), again.Sample(new float[1000]));
    }

    public static TheoryData<GenerationOptions> Allocating =>
    [
        Greedy,
        new GenerationOptions(),
        Plain,
        Plain with { TopP = 0.9f },
        new GenerationOptions { RepetitionPenalty = 1.1f, PresencePenalty = 0.5f, FrequencyPenalty = 0.5f, LogitBias = new Dictionary<int, float> { [3] = 1 } },
    ];

    [Theory, MemberData(nameof(Allocating))]
    public void A_choice_allocates_nothing(GenerationOptions options)
    {
        float[] logits = [.. Enumerable.Range(0, 5000).Select(i => i * 7919 % 5000 / 500f)];
        Sampler sampler = new(options, logits.Length, 100);
        Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
            Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Step() => sampler.AcceptGenerated(sampler.Sample(logits));
    }
}
