using HymbaSharp.Generation;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Generation;

public sealed class SpeculationTests
{
    public static TheoryData<string, QuantizationScheme?> Each => Reference.EachQuantised;

    /// <summary>Whatever part of a proposal is taken, logits and what follows are the bits of plain steps; past windows and page borders too.</summary>
    [Theory]
    [MemberData(nameof(Each))]
    public void Taking_part_of_a_proposal_is_the_same_bits_as_plain_steps(string name, QuantizationScheme? scheme)
    {
        using HymbaModel model = Open(name, scheme);
        int[] text = Reference.Text(model, 230);
        using HymbaSession plain = model.StartSession(), speculating = model.StartSession();
        Random random = new(1);
        plain.Append(text.AsSpan(0, 10));
        speculating.Append(text.AsSpan(0, 10));
        for (int at = 10; at < text.Length;)
        {
            int rows = Math.Min(random.Next(1, 9), text.Length - at), right = random.Next(1, rows + 1);
            int[] proposal = [.. text[at..(at + right)], .. Enumerable.Range(0, rows - right).Select(_ => random.Next(model.Config.VocabularySize))];
            speculating.Propose(proposal);
            for (int i = 0; i < right; i++)
            {
                plain.Append(text[at + i]);
                Assert.Equal(plain.Logits, speculating.ProposedLogits(i));
            }
            speculating.Accept(right);
            Assert.Equal(plain.Tokens, speculating.Tokens);
            Assert.Equal(plain.Logits, speculating.Logits);
            at += right;
        }
        using HymbaSession fork = speculating.Fork();
        fork.Append(text.AsSpan(0, 5));
        plain.Append(text.AsSpan(0, 5));
        Assert.Equal(plain.Logits, fork.Logits);
    }

    /// <summary>Greedy or drawn, with penalties or without: the same tokens, and a session that goes on the same.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.7f, 1)]
    [InlineData(0.3f, 1.3f)]
    public async Task Text_is_the_same_with_and_without(float temperature, float penalty)
    {
        using HymbaModel model = Open(Reference.Shared, QuantizationScheme.Q8);
        int[] phrase = Reference.Text(model, 12), prompt = [.. phrase, .. phrase, .. phrase, .. phrase[..6]];
        // What the prompt repeats is made likely, or random weights would never go on with it.
        Dictionary<int, float> bias = phrase[..4].Distinct().ToDictionary(id => id, _ => 6f);
        int guessed = 0, right = 0;
        for (ulong seed = 0; seed < 6; seed++)
        {
            GenerationOptions options = new() { Temperature = temperature, RepetitionPenalty = penalty, Seed = seed, MaxTokens = 60, IgnoreEndOfText = true, LogitBias = bias, DraftTokens = 0 };
            using HymbaSession plain = model.StartSession(), speculating = model.StartSession();
            (int[] expected, _) = await Generate(plain, prompt, options);
            (int[] tokens, GenerationStatistics statistics) = await Generate(speculating, prompt, options with { DraftTokens = 7 });
            Assert.Equal(expected, tokens);
            Assert.Equal(plain.Tokens, speculating.Tokens);
            Assert.Equal(plain.Logits, speculating.Logits);
            Assert.InRange(statistics.AcceptedTokens, 0, statistics.DraftedTokens);
            (guessed, right) = (guessed + statistics.DraftedTokens, right + statistics.AcceptedTokens);
        }
        Assert.True(guessed > 0, "nothing was guessed");
        Assert.True(temperature > 0 || right > 0, "no guess was right");
    }

    [Fact]
    public async Task Whoever_stops_reading_finds_a_session_that_passed_what_was_read_but_for_the_last()
    {
        using HymbaModel model = Open(Reference.Grouped, null);
        int[] phrase = Reference.Text(model, 8), prompt = [.. phrase, .. phrase, .. phrase];
        GenerationOptions options = new() { Temperature = 0, MaxTokens = 40, IgnoreEndOfText = true };
        for (int read = 1; read <= 12; read++)
        {
            using HymbaSession session = model.StartSession();
            List<int> tokens = [];
            await foreach (GenerationUpdate update in session.GenerateAsync(prompt, options, TestContext.Current.CancellationToken))
            {
                tokens.AddRange(update.Tokens);
                if (tokens.Count == read)
                    break;
            }
            Assert.Equal([.. prompt, .. tokens[..^1]], session.Tokens.ToArray());
        }
    }

    [Fact]
    public async Task A_proposal_never_reaches_beyond_the_context_or_the_limit()
    {
        using HymbaModel model = HymbaModel.Load(TestData.Reference(Reference.Shared), Reference.Options(contextLength: 40));
        int[] prompt = [.. Enumerable.Repeat(5, 20)];
        foreach (int? limit in (int?[])[null, 1, 2, 7, 19])
        {
            GenerationOptions options = new() { Temperature = 0, MaxTokens = limit, IgnoreEndOfText = true, LogitBias = new Dictionary<int, float> { [5] = 1000 } };
            using HymbaSession session = model.StartSession();
            (int[] tokens, GenerationStatistics statistics) = await Generate(session, prompt, options);
            Assert.Equal(limit ?? 21, tokens.Length);
            Assert.All(tokens, token => Assert.Equal(5, token));
            Assert.True(limit is 1 or 2 || statistics.AcceptedTokens > 0);
        }
    }

    [Fact]
    public void Drafts_what_followed_the_last_occurrence()
    {
        PromptLookup lookup = new(7);
        Assert.Equal([4, 5, 6, 1], lookup.Draft([1, 2, 3, 9, 9, 1, 2, 3, 4, 5, 6, 1, 2, 3], 4).ToArray());
        Assert.Equal([7, 8], lookup.Draft([1, 2, 7, 8, 9, 10, 1, 2], 7).ToArray());
        Assert.Empty(lookup.Draft([1, 2, 3, 4], 7).ToArray());
        Assert.Empty(lookup.Draft([1, 1, 1, 1], 0).ToArray());
        Assert.Empty(lookup.Draft([1], 7).ToArray());
        Assert.Empty(lookup.Draft([], 7).ToArray());
    }

    [Fact]
    public void Pauses_longer_and_longer_where_guesses_fail_and_comes_back_where_they_are_right()
    {
        PromptLookup lookup = new(7);
        int[] text = [1, 2, 3, 4, 1, 2, 3];
        List<int> tries = [];
        for (int step = 0; step < 400; step++)
        {
            int drafted = lookup.Draft(text, 7).Length;
            if (drafted == 0)
                continue;
            tries.Add(step);
            lookup.Learn(drafted, 0);
        }
        Assert.InRange(tries.Count, 5, 14);
        Assert.True(tries[^1] - tries[^2] > 60);
        for (int step = 0; step < 200; step++)
        {
            int drafted = lookup.Draft(text, 7).Length;
            if (drafted > 0)
                lookup.Learn(drafted, drafted);
        }
        Assert.Equal(4, lookup.Draft(text, 7).Length);
        Assert.True(lookup.Right > 400);
    }

    private static HymbaModel Open(string name, QuantizationScheme? scheme) =>
        HymbaModel.Load(TestData.Reference(name), Reference.Options(contextLength: 256, threads: 2) with { Quantization = scheme });

    private static async Task<(int[] Tokens, GenerationStatistics Statistics)> Generate(HymbaSession session, int[] prompt, GenerationOptions options)
    {
        List<int> tokens = [];
        GenerationStatistics? statistics = null;
        await foreach (GenerationUpdate update in session.GenerateAsync(prompt, options, TestContext.Current.CancellationToken))
        {
            tokens.AddRange(update.Tokens);
            statistics = update.Statistics ?? statistics;
        }
        return ([.. tokens], statistics!);
    }
}
