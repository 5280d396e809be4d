using HymbaSharp.Generation;
using HymbaSharp.State;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Generation;

/// <summary>Generation by ids: which tokens come, when it ends, what it says about itself, and what it leaves of the session.</summary>
public sealed class GeneratorTests
{
    private static readonly GenerationOptions Greedy = new() { Temperature = 0 };

    public static TheoryData<string> References => Reference.All;

    [Theory]
    [MemberData(nameof(References))]
    public async Task Greedy_generation_is_the_original_one(string name)
    {
        using HymbaModel model = Reference.Open(name, prefillRows: 5);
        using HymbaSession session = model.StartSession();
        int[] prompt = Reference.Ids(name, "greedy_prompt"), expected = Reference.Ids(name, "greedy_continuation");
        Generated generated = await Generated.Of(session.GenerateAsync(prompt, Greedy with { MaxTokens = 40, IgnoreEndOfText = !expected.Contains(2) }));
        Assert.Equal(expected, generated.Tokens);
        Assert.Equal(FinishReason.MaxTokens, generated.Reason);
        Assert.Equal("", generated.Text);
        Assert.Equal([.. prompt, .. expected[..^1]], session.Tokens.ToArray());
    }

    [Fact]
    public async Task A_seed_decides_the_text()
    {
        using HymbaModel model = Reference.Open(Reference.Grouped);
        Assert.Equal(await Sampled(1), await Sampled(1));
        Assert.NotEqual(await Sampled(1), await Sampled(2));
        Assert.NotEqual(await Sampled(null), await Sampled(null));

        async Task<int[]> Sampled(ulong? seed)
        {
            using HymbaSession session = model.StartSession();
            return (await Generated.Of(session.GenerateAsync(new[] { 5, 6 }, new GenerationOptions { Seed = seed, Temperature = 3, TopK = 0, TopP = 1, MinP = 0, MaxTokens = 30 }))).Tokens;
        }
    }

    [Fact]
    public async Task Ends_at_the_tokens_that_end_a_text()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        Generated end = await Generated.Of(session.GenerateAsync(new[] { 5, 6 }, TextModel.Saying(10, 11, 2, 12)));
        Assert.Equal((FinishReason.EndOfText, 3), (end.Reason, end.Tokens.Length));
        Assert.Equal([5, 6, 10, 11], session.Tokens.ToArray());

        Generated stop = await Generated.Of(session.GenerateAsync(new[] { 7 }, TextModel.Saying(20, 21, 2) with { StopTokenIds = [21] }));
        Assert.Equal((FinishReason.StopToken, 2), (stop.Reason, stop.Tokens.Length));
        Assert.Equal([5, 6, 10, 11, 7, 20], session.Tokens.ToArray());

        Generated ignored = await Generated.Of(session.GenerateAsync(new[] { 7 }, TextModel.Saying(2, 30, 31) with { IgnoreEndOfText = true, MaxTokens = 3 }));
        Assert.Equal([30, 31], ignored.Tokens[..2]);
        Assert.DoesNotContain(2, ignored.Tokens);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    public async Task Ends_after_the_most_tokens_asked_for(int most)
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        Generated generated = await Generated.Of(session.GenerateAsync(new[] { 5, 6, 7 }, Greedy with { MaxTokens = most, IgnoreEndOfText = true }));
        Assert.Equal((FinishReason.MaxTokens, most), (generated.Reason, generated.Tokens.Length));
        Assert.Equal(3 + Math.Max(0, most - 1), session.TokenCount);
        Assert.Equal(model.Config.VocabularySize, session.Logits.Length);
    }

    [Fact]
    public async Task Ends_where_the_context_does()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 20);
        using HymbaSession session = model.StartSession();
        Generated generated = await Generated.Of(session.GenerateAsync(new int[12], Greedy with { IgnoreEndOfText = true }));
        Assert.Equal((FinishReason.ContextLimit, 9), (generated.Reason, generated.Tokens.Length));
        Assert.Equal(0, session.Remaining);

        using HymbaSession full = model.StartSession();
        Generated last = await Generated.Of(full.GenerateAsync(new int[20], Greedy with { IgnoreEndOfText = true }));
        Assert.Equal((FinishReason.ContextLimit, 1), (last.Reason, last.Tokens.Length));

        using HymbaSession over = model.StartSession();
        await Assert.ThrowsAsync<ContextLengthException>(() => Generated.Of(over.GenerateAsync(new int[21], Greedy)));
        Assert.Equal(0, over.TokenCount);
    }

    [Fact]
    public async Task Cancelled_before_it_begins_it_passes_nothing()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        Generated generated = await Generated.Of(session.GenerateAsync(new[] { 5, 6 }, Greedy, new CancellationToken(canceled: true)));
        Assert.Equal((FinishReason.Cancelled, 0), (generated.Reason, generated.Tokens.Length));
        Assert.Equal(0, session.TokenCount);
    }

    [Fact]
    public async Task Cancelled_within_the_prompt_it_keeps_the_steps_done()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, prefillRows: 4);
        using HymbaSession session = model.StartSession();
        using CancellationTokenSource source = new();
        int steps = 0;
        model.Forward.Observer = (layer, _) =>
        {
            if (layer == 0 && ++steps == 2)
                source.Cancel();
        };
        Generated generated = await Generated.Of(session.GenerateAsync(Reference.Text(model, 30), Greedy, source.Token));
        Assert.Equal((FinishReason.Cancelled, 0), (generated.Reason, generated.Tokens.Length));
        Assert.Equal(8, session.TokenCount);
    }

    [Fact]
    public async Task Cancelled_or_left_midway_the_session_goes_on_as_if_it_were_not()
    {
        using HymbaModel model = Reference.Open(Reference.Untied);
        GenerationOptions options = Greedy with { MaxTokens = 20, IgnoreEndOfText = true };
        int[] prompt = Reference.Text(model, 10);
        using HymbaSession straight = model.StartSession(), cancelled = model.StartSession(), left = model.StartSession();
        int[] whole = (await Generated.Of(straight.GenerateAsync(prompt, options))).Tokens;

        using CancellationTokenSource source = new();
        Generated part = await Generated.Of(cancelled.GenerateAsync(prompt, options, source.Token), seen =>
        {
            if (seen == 5)
                source.Cancel();
        });
        Assert.Equal((FinishReason.Cancelled, 6), (part.Reason, part.Tokens.Length));
        Assert.Equal([.. prompt, .. whole[..5]], cancelled.Tokens.ToArray());
        Assert.Equal(whole[6..], (await Generated.Of(cancelled.GenerateAsync(part.Tokens.AsMemory(5), options with { MaxTokens = 14 }))).Tokens);

        List<int> seen = [];
        await foreach (GenerationUpdate update in left.GenerateAsync(prompt, options))
        {
            seen.AddRange(update.Tokens);
            if (seen.Count == 5)
                break;
        }
        Assert.Equal([.. prompt, .. whole[..4]], left.Tokens.ToArray());
        Assert.Equal(whole[5..], (await Generated.Of(left.GenerateAsync(new[] { seen[4] }, options with { MaxTokens = 15 }))).Tokens);
    }

    [Fact]
    public async Task Says_what_it_cost()
    {
        using HymbaModel model = Reference.Open(Reference.Grouped);
        using HymbaSession session = model.StartSession();
        session.Append([1, 2, 3]);
        GenerationStatistics cost = (await Generated.Of(session.GenerateAsync(new int[30], Greedy with { MaxTokens = 12, IgnoreEndOfText = true }))).Statistics;
        Assert.Equal((30, 0, 12), (cost.PromptTokens, cost.CachedPromptTokens, cost.GeneratedTokens));
        // A guess that was right costs no step of its own.
        Assert.Equal((11 - cost.AcceptedTokens) * model.WeightBytesPerToken, cost.BytesRead);
        Assert.True(cost.PromptTime > TimeSpan.Zero && cost.DecodeTime > TimeSpan.Zero && cost.TimeToFirstToken >= cost.PromptTime);
        Assert.True(cost.PromptTokensPerSecond > 0 && cost.DecodeTokensPerSecond > 0 && cost.DecodeGigabytesPerSecond > 0);
    }

    [Fact]
    public async Task Reports_log_probabilities_of_the_model()
    {
        using HymbaModel model = Reference.Open(Reference.Grouped);
        using HymbaSession session = model.StartSession(), again = model.StartSession();
        Generated generated = await Generated.Of(session.GenerateAsync(new[] { 5, 6 }, TextModel.Saying(9, 8, 7) with { MaxTokens = 3, LogProbabilities = 4 }));
        Assert.Equal(generated.Tokens, generated.LogProbabilities.Select(token => token.Chosen.Token));
        again.Append([5, 6]);
        foreach (TokenLogProbabilities token in generated.LogProbabilities)
        {
            float[] logits = again.Logits.ToArray();
            double normalizer = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            Assert.Equal(logits.Index().OrderByDescending(logit => logit.Item).Take(4).Select(logit => logit.Index), token.Top.Select(top => top.Token));
            Assert.All([token.Chosen, .. token.Top], top => Assert.Equal(logits[top.Token] - normalizer, top.LogProbability, tolerance: 1e-4));
            again.Append(token.Chosen.Token);
        }
        Assert.Empty((await Generated.Of(session.GenerateAsync(new[] { 5 }, Greedy with { MaxTokens = 2 }))).LogProbabilities);
    }

    [Fact]
    public async Task Needs_something_to_go_on_from()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        await Assert.ThrowsAsync<GenerationException>(() => Generated.Of(session.GenerateAsync(ReadOnlyMemory<int>.Empty, Greedy)));
        session.Append([5, 6]);
        using HymbaSession fork = session.Fork(), fresh = model.StartSession();
        int[] expected = (await Generated.Of(fresh.GenerateAsync(new[] { 5, 6 }, Greedy with { MaxTokens = 9 }))).Tokens;
        Assert.Equal(expected, (await Generated.Of(fork.GenerateAsync(ReadOnlyMemory<int>.Empty, Greedy with { MaxTokens = 9 }))).Tokens);
    }

    [Fact]
    public async Task What_is_not_allowed_is_refused_and_leaves_the_session_as_it_was()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        Assert.Throws<GenerationOptionsException>(() => session.GenerateAsync(new[] { 1 }, new GenerationOptions { Temperature = -1 }));
        Assert.Throws<GenerationOptionsException>(() => session.GenerateAsync(new[] { 1 }, new GenerationOptions { StopTokenIds = [96] }));
        Assert.Throws<TokenizerException>(() => session.GenerateAsync(new[] { 1 }, new GenerationOptions { StopStrings = ["a"] }));
        Assert.Throws<TokenizerException>(() => session.GenerateAsync("text"));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Generated.Of(session.GenerateAsync(new[] { 1, 96 }, Greedy)));
        Assert.Equal(0, session.TokenCount);

        Dictionary<int, float> nothing = Enumerable.Range(0, 96).ToDictionary(id => id, _ => float.NegativeInfinity);
        await Assert.ThrowsAsync<GenerationException>(() => Generated.Of(session.GenerateAsync(new[] { 1 }, Greedy with { LogitBias = nothing })));
        Assert.Equal([1], session.Tokens.ToArray());
        _ = await Generated.Of(session.GenerateAsync(new[] { 2 }, Greedy with { MaxTokens = 2 }));
    }

    [Fact]
    public async Task Does_not_need_the_thread_that_waits_for_it()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        Task<int> updates = Task.Run(() => WaitForUpdates(session), TestContext.Current.CancellationToken);
        Assert.Equal(4, await updates.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    /// <summary>As a user interface whose only thread blocks on the result: what is posted to it never runs.</summary>
    private static int WaitForUpdates(HymbaSession session)
    {
        SynchronizationContext.SetSynchronizationContext(new BlockedContext());
        try
        {
            return session.GenerateAsync(new[] { 1 }, Greedy with { MaxTokens = 4, IgnoreEndOfText = true }).ToBlockingEnumerable().Count();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    private sealed class BlockedContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }
}
