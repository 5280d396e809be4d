using HymbaSharp.Batching;
using HymbaSharp.Generation;
using HymbaSharp.State;
using HymbaSharp.Tests.Generation;

namespace HymbaSharp.Tests.Batching;

public sealed class HymbaEngineTests
{
    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 12 };

    [Theory]
    [InlineData(1, 64)]
    [InlineData(2, 7)]
    [InlineData(5, 3)]
    [InlineData(16, 64)]
    public async Task Requests_at_once_get_what_each_gets_alone(int maxSequences, int promptRows)
    {
        using HymbaModel model = Reference.Open(Reference.Shared, prefillRows: 64);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = maxSequences, PromptRows = promptRows });
        Random random = new(maxSequences);
        int[] text = Reference.Text(model, 160);
        GenerationOptions reporting = Greedy with { LogProbabilities = 0 };
        List<(int[] Prompt, GenerationOptions Options)> requests = [];
        for (int i = 0; i < 40; i++)
        {
            // Many begin alike, some are the same.
            int[] prompt = [.. text.AsSpan(0, random.Next(1, 120)), .. text.AsSpan(random.Next(40), random.Next(1, 20))];
            requests.Add((prompt, random.Next(2) == 0 ? reporting : reporting with { Temperature = 1.2f, Seed = (ulong)i, MaxTokens = random.Next(1, 20), RepetitionPenalty = 1.1f }));
        }
        Task<Generated>[] together = [.. requests.Select(async request =>
        {
            await Task.Delay(random.Next(30), TestContext.Current.CancellationToken);
            return await Run(engine, new EngineRequest { Prompt = request.Prompt, Options = request.Options });
        })];
        Generated[] replies = await Task.WhenAll(together);
        int parted = 0;
        for (int i = 0; i < requests.Count; i++)
        {
            using HymbaSession session = model.StartSession();
            Generated alone = await Generated.Of(session.GenerateAsync(requests[i].Prompt, requests[i].Options, TestContext.Current.CancellationToken));
            int same = alone.Tokens.AsSpan().CommonPrefixLength(replies[i].Tokens);
            for (int token = 0; token < same; token++)
                Assert.Equal(alone.LogProbabilities[token].Chosen.LogProbability, replies[i].LogProbabilities[token].Chosen.LogProbability, 1e-3);
            Assert.Equal(requests[i].Prompt.Length, replies[i].Statistics.PromptTokens);
            if (same == alone.Tokens.Length)
            {
                Assert.Equal((same, alone.Reason), (replies[i].Tokens.Length, replies[i].Reason));
                continue;
            }
            // Where a draw falls within rounding of the border between two tokens, either is right.
            Assert.NotEqual(0, requests[i].Options.Temperature);
            parted++;
        }
        Assert.InRange(parted, 0, 2);
        EngineStatus status = await Idle(engine);
        Assert.Equal((0, 0, 0L), (status.Running, status.Waiting, status.ReservedBytes));
    }

    [Fact]
    public async Task Text_is_what_a_session_gives()
    {
        using TextModel text = new();
        using HymbaEngine engine = new(text.Model);
        GenerationOptions options = text.Saying("▁One", "▁two", "ST", "OP") with { StopStrings = ["STOP"] };
        Generated reply = await Run(engine, new EngineRequest { Prompt = text.Ids("_2>"), Options = options });
        Assert.Equal(("One two", FinishReason.StopString, "STOP"), (reply.Text, reply.Reason, reply.Last.StopString));
        Generated continued = await Run(engine, new EngineRequest { Prompt = text.Ids("_2>"), Options = options, ContinuesText = true });
        Assert.Equal(" One two", continued.Text);
    }

    [Fact]
    public async Task Several_replies_share_a_prompt_and_draw_from_seeds_of_their_own()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, prefillRows: 64);
        using HymbaEngine engine = new(model);
        int[] prompt = Reference.Text(model, 50);
        GenerationOptions options = new() { Seed = 5, MaxTokens = 10, Temperature = 1.5f };
        List<int>[] replies = [[], [], []];
        int computed = 0;
        model.Forward.Observer = (layer, x) => computed += layer == 0 ? x.Rows : 0;
        await foreach (EngineUpdate update in engine.GenerateAsync(new EngineRequest { Prompt = prompt, Options = options, Replies = 3 }, TestContext.Current.CancellationToken))
            replies[update.Reply].AddRange(update.Update.Tokens);
        model.Forward.Observer = null;
        Assert.True(computed <= 50 + (3 * 9), $"{computed} rows");
        for (int i = 0; i < 3; i++)
        {
            using HymbaSession session = model.StartSession();
            Generated alone = await Generated.Of(session.GenerateAsync(prompt, options with { Seed = 5 + (ulong)i }, TestContext.Current.CancellationToken));
            Assert.Equal(alone.Tokens, replies[i]);
        }
    }

    [Fact]
    public async Task A_prompt_goes_on_from_what_an_earlier_one_left()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, prefillRows: 64);
        using HymbaEngine engine = new(model);
        int[] text = Reference.Text(model, 120);
        Generated first = await Run(engine, new EngineRequest { Prompt = text.AsMemory(0, 60), Options = Greedy });
        Assert.Equal(0, first.Statistics.CachedPromptTokens);

        // The reply's last token has not passed.
        int[] longer = [.. text[..60], .. first.Tokens, .. text[60..70]];
        Generated second = await Run(engine, new EngineRequest { Prompt = longer, Options = Greedy });
        Assert.Equal(60 + first.Tokens.Length - 1, second.Statistics.CachedPromptTokens);

        Generated again = await Run(engine, new EngineRequest { Prompt = text.AsMemory(0, 60), Options = Greedy });
        Assert.Equal(60, again.Statistics.CachedPromptTokens);
        Assert.Equal(first.Tokens, again.Tokens);
    }

    [Fact]
    public async Task States_can_be_taken_out_and_brought_back()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, prefillRows: 64);
        int[] text = Reference.Text(model, 80);
        HymbaSession copy;
        using (HymbaEngine engine = new(model))
        {
            Assert.Null(await engine.CopyStateAsync(text));
            _ = await Run(engine, new EngineRequest { Prompt = text.AsMemory(0, 60), Options = Greedy with { MaxTokens = 1 } });
            copy = (await engine.CopyStateAsync(text))!;
            Assert.Equal(text.AsSpan(0, 60), copy.Tokens);
        }
        using HymbaEngine next = new(model);
        next.KeepState(copy);
        Generated reply = await Run(next, new EngineRequest { Prompt = text, Options = Greedy });
        Assert.Equal(60, reply.Statistics.CachedPromptTokens);
        using HymbaSession session = model.StartSession();
        Assert.Equal((await Generated.Of(session.GenerateAsync(text, Greedy, TestContext.Current.CancellationToken))).Tokens, reply.Tokens);
        using HymbaModel other = Reference.Open(Reference.Shared);
        using HymbaSession foreign = other.StartSession();
        Assert.Throws<ArgumentException>(() => next.KeepState(foreign));
    }

    [Fact]
    public async Task Prompts_that_part_leave_a_state_where_they_do()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, prefillRows: 64);
        using HymbaEngine engine = new(model);
        int[] text = Reference.Text(model, 120);
        int vocabulary = model.Config.VocabularySize;
        int cached = 0;
        foreach (int i in (int[])[1, 2, 3])
        {
            int[] prompt = [.. text[..40], (text[40] + i) % vocabulary, .. text[41..60]];
            cached = (await Run(engine, new EngineRequest { Prompt = prompt, Options = Greedy with { MaxTokens = 1 } })).Statistics.CachedPromptTokens;
        }
        Assert.Equal(40, cached);
    }

    [Fact]
    public async Task Without_memory_for_prefixes_nothing_is_kept()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { PrefixBytes = 0 });
        for (int i = 0; i < 2; i++)
        {
            Generated reply = await Run(engine, new EngineRequest { Prompt = Reference.Text(model, 30), Options = Greedy });
            Assert.Equal(0, reply.Statistics.CachedPromptTokens);
        }
        Assert.Equal((0, 0L), (engine.Status.Prefixes, engine.Status.PrefixBytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task The_prompts_own_log_probabilities_are_those_of_a_session(int maxTokens)
    {
        using HymbaModel model = Reference.Open(Reference.Shared, prefillRows: 16);
        using HymbaEngine engine = new(model);
        int[] prompt = Reference.Text(model, 40);
        List<TokenLogProbabilities> expected = [];
        using HymbaSession session = model.StartSession();
        session.Append(prompt, (i, logits) =>
        {
            if (i + 1 < prompt.Length)
                expected.Add(LogProbabilities.Compute(logits, prompt[i + 1], 2));
        });
        List<EngineUpdate> updates = [];
        // An earlier request must not leave this one without logits.
        _ = await Run(engine, new EngineRequest { Prompt = prompt, Options = Greedy });
        await foreach (EngineUpdate update in engine.GenerateAsync(new EngineRequest { Prompt = prompt, Options = Greedy with { MaxTokens = maxTokens }, PromptLogProbabilities = 2 }, TestContext.Current.CancellationToken))
            updates.Add(update);
        Assert.Equal(expected.Select(token => token.Chosen), updates[0].Prompt!.Select(token => token.Chosen));
        Assert.Equal(expected.SelectMany(token => token.Top), updates[0].Prompt!.SelectMany(token => token.Top));
        Assert.All(updates.Skip(1), update => Assert.Null(update.Prompt));
        Assert.Equal(maxTokens, updates[^1].Update.Statistics!.GeneratedTokens);
    }

    [Fact]
    public async Task A_long_prompt_takes_no_more_rows_than_allowed_beside_a_reply()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 600, prefillRows: 64);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { PromptRows = 5 });
        int[] text = Reference.Text(model, 100);
        List<int> rows = [];
        model.Forward.Observer = (layer, x) =>
        {
            if (layer == 0)
                rows.Add(x.Rows);
        };
        await using IAsyncEnumerator<EngineUpdate> reply = engine.GenerateAsync(new EngineRequest { Prompt = text.AsMemory(0, 1), Options = new() { MaxTokens = 500, IgnoreEndOfText = true } }, TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await reply.MoveNextAsync());
        _ = await Run(engine, new EngineRequest { Prompt = text, Options = Greedy with { MaxTokens = 1 } });
        Assert.InRange(rows.Count(count => count == 6), 19, 20); // a hundred rows, five at a time
        Assert.InRange(rows.Max(), 1, 6);
        await reply.DisposeAsync();
        _ = await Idle(engine);
        model.Forward.Observer = null;
    }

    [Fact]
    public async Task Cancelling_frees_the_place()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 4000);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 2 });
        using CancellationTokenSource source = new();
        EngineRequest endless = new() { Prompt = Reference.Text(model, 10), Replies = 2, Options = new() { IgnoreEndOfText = true } };
        List<EngineUpdate> updates = [];
        IAsyncEnumerable<EngineUpdate> stream = engine.GenerateAsync(endless, source.Token);
        Task<Generated> waiting = Run(engine, new EngineRequest { Prompt = Reference.Text(model, 20), Options = Greedy });
        await foreach (EngineUpdate update in stream)
        {
            updates.Add(update);
            if (updates.Count == 10)
                await source.CancelAsync();
        }
        Assert.Equal([0, 1], updates.Where(update => update.Update.FinishReason == FinishReason.Cancelled).Select(update => update.Reply).Order());
        Assert.Equal(12, (await waiting).Tokens.Length);
    }

    [Fact]
    public async Task A_request_cancelled_while_it_waits_ends_at_once()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 4000);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 1 });
        await using IAsyncEnumerator<EngineUpdate> endless = engine.GenerateAsync(new EngineRequest { Prompt = Reference.Text(model, 10), Options = new() { IgnoreEndOfText = true } }, TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await endless.MoveNextAsync());
        using CancellationTokenSource source = new();
        Task<Generated> waiting = Run(engine, new EngineRequest { Prompt = Reference.Text(model, 10), Options = Greedy }, source.Token);
        await source.CancelAsync();
        Assert.Equal(FinishReason.Cancelled, (await waiting).Reason);
        Assert.True(await endless.MoveNextAsync());
    }

    [Fact]
    public async Task Leaving_a_stream_frees_the_place()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 4000);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 1 });
        await foreach (EngineUpdate _ in engine.GenerateAsync(new EngineRequest { Prompt = Reference.Text(model, 10), Options = new() { IgnoreEndOfText = true } }, TestContext.Current.CancellationToken))
            break;
        Assert.Equal(12, (await Run(engine, new EngineRequest { Prompt = Reference.Text(model, 10), Options = Greedy })).Tokens.Length);
    }

    [Fact]
    public async Task What_fails_fails_alone()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaEngine engine = new(model);
        Dictionary<int, float> nothing = Enumerable.Range(0, model.Config.VocabularySize).ToDictionary(id => id, _ => float.NegativeInfinity);
        Task<Generated> sound = Run(engine, new EngineRequest { Prompt = Reference.Text(model, 10), Options = Greedy });
        Task<Generated> broken = Run(engine, new EngineRequest { Prompt = Reference.Text(model, 10), Replies = 3, Options = Greedy with { LogitBias = nothing } });
        _ = await Assert.ThrowsAsync<GenerationException>(() => broken);
        Assert.Equal(12, (await sound).Tokens.Length);
        EngineStatus status = await Idle(engine);
        Assert.Equal((0, 0L), (status.Running, status.ReservedBytes));
    }

    [Fact]
    public async Task More_than_may_wait_are_refused()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 4000);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 1, MaxWaiting = 2 });
        EngineRequest endless = new() { Prompt = Reference.Text(model, 10), Options = new() { IgnoreEndOfText = true } };
        await using IAsyncEnumerator<EngineUpdate> running = engine.GenerateAsync(endless, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await running.MoveNextAsync());
        while (engine.Status.Running == 0)
            await Task.Yield();
        List<IAsyncEnumerable<EngineUpdate>> waiting = [engine.GenerateAsync(endless, TestContext.Current.CancellationToken), engine.GenerateAsync(endless, TestContext.Current.CancellationToken)];
        EngineBusyException error = Assert.Throws<EngineBusyException>(() => engine.GenerateAsync(endless, TestContext.Current.CancellationToken));
        Assert.True(error.RetryAfter >= TimeSpan.FromSeconds(1));
        Assert.Contains("2 requests are waiting", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, engine.Status.Waiting);
        GC.KeepAlive(waiting);
    }

    [Fact]
    public async Task Sequences_wait_for_memory_and_what_never_fits_is_refused()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 200, prefillRows: 64);
        long bytes = model.MaxStateBytes(42);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 4, StateBytes = bytes, PrefixBytes = 0 });
        EngineMemoryException error = Assert.Throws<EngineMemoryException>(() => engine.GenerateAsync(new EngineRequest { Prompt = Reference.Text(model, 30), Options = Greedy, Replies = 2 }, TestContext.Current.CancellationToken));
        Assert.Contains("MB", error.Message, StringComparison.Ordinal);
        int most = 0;
        model.Forward.Observer = (_, x) => most = Math.Max(most, x.Rows == 30 ? 0 : x.Rows);
        Generated[] replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Run(engine, new EngineRequest { Prompt = Reference.Text(model, 30), Options = Greedy })));
        model.Forward.Observer = null;
        Assert.Equal(1, most);
        Assert.All(replies, reply => Assert.Equal(replies[0].Tokens, reply.Tokens));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(150)]
    public void A_state_never_takes_more_than_is_set_aside_for_it(int tokens)
    {
        foreach (string name in Reference.Names)
        {
            using HymbaModel model = Reference.Open(name, contextLength: 200, prefillRows: 24);
            using HymbaSession session = model.StartSession();
            session.Append(Reference.Text(model, tokens));
            Assert.InRange(session.StateBytes, 1, model.MaxStateBytes(tokens));
        }
    }

    [Fact]
    public async Task Requests_that_cannot_be_are_refused_by_name()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 40);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 2 });
        EngineRequest request = new() { Prompt = Reference.Text(model, 10) };
        Assert.Contains("empty", Refused<GenerationException>(request with { Prompt = ReadOnlyMemory<int>.Empty }), StringComparison.Ordinal);
        Assert.Contains("token 999999", Refused<GenerationException>(request with { Prompt = new[] { 1, 999999 } }), StringComparison.Ordinal);
        Assert.Contains("Replies is 3; allowed: 1 to 2", Refused<GenerationOptionsException>(request with { Replies = 3 }), StringComparison.Ordinal);
        Assert.Contains("PromptLogProbabilities is 21", Refused<GenerationOptionsException>(request with { PromptLogProbabilities = 21 }), StringComparison.Ordinal);
        Assert.Contains("TopP is 2", Refused<GenerationOptionsException>(request with { Options = new() { TopP = 2 } }), StringComparison.Ordinal);
        Assert.Contains("holds 40 tokens", Refused<ContextLengthException>(request with { Prompt = new int[41] }), StringComparison.Ordinal);
        Assert.Contains("MaxSequences is 0", Assert.Throws<EngineOptionsException>(() => new HymbaEngine(model, new HymbaEngineOptions { MaxSequences = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("StateBytes is 0", Assert.Throws<EngineOptionsException>(() => new HymbaEngine(model, new HymbaEngineOptions { StateBytes = 0 })).Message, StringComparison.Ordinal);
        Assert.Equal(FinishReason.ContextLimit, (await Run(engine, request with { Prompt = Reference.Text(model, 40) })).Reason);

        string Refused<T>(EngineRequest wrong) where T : Exception => Assert.Throws<T>(() => engine.GenerateAsync(wrong, TestContext.Current.CancellationToken)).Message;
    }

    [Fact]
    public async Task Draining_ends_what_was_taken_and_takes_no_more()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 1 });
        Task<Generated>[] taken = [.. Enumerable.Range(0, 3).Select(_ => Run(engine, new EngineRequest { Prompt = Reference.Text(model, 10), Options = Greedy }))];
        await engine.DrainAsync(TestContext.Current.CancellationToken);
        Assert.All(await Task.WhenAll(taken), reply => Assert.Equal(12, reply.Tokens.Length));
        Assert.Throws<ObjectDisposedException>(() => engine.GenerateAsync(new EngineRequest { Prompt = Reference.Text(model, 10) }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Disposing_ends_every_stream()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 4000);
        HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = 1 });
        EngineRequest endless = new() { Prompt = Reference.Text(model, 10), Options = new() { IgnoreEndOfText = true } };
        Task<Generated>[] streams = [.. Enumerable.Range(0, 3).Select(_ => Run(engine, endless))];
        await Task.Delay(50, TestContext.Current.CancellationToken);
        engine.Dispose();
        Assert.All(await Task.WhenAll(streams), reply => Assert.Equal(FinishReason.Cancelled, reply.Reason));
    }

    private static async Task<EngineStatus> Idle(HymbaEngine engine)
    {
        while (engine.Status is { Running: > 0 } or { Waiting: > 0 })
            await Task.Delay(5, TestContext.Current.CancellationToken);
        return engine.Status;
    }

    /// <summary>The first reply, whole.</summary>
    private static async Task<Generated> Run(HymbaEngine engine, EngineRequest request, CancellationToken cancellationToken = default)
    {
        List<GenerationUpdate> updates = [];
        await foreach (EngineUpdate update in engine.GenerateAsync(request, cancellationToken))
        {
            if (update.Reply == 0)
                updates.Add(update.Update);
        }
        return await Generated.Of(updates.ToAsyncEnumerable());
    }
}
