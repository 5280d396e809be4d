using HymbaSharp.Batching;
using HymbaSharp.Generation;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Server.Api;

/// <summary><c>POST /v1/completions</c>.</summary>
internal sealed class TextCompletions(ServedModel model, RequestLog log)
{
    public async Task AnswerAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        model.CheckName(fields);
        CompletionRequest request = CompletionRequest.Read(fields, model);
        // All are taken or none: one that is refused ends those before it.
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        List<Prompt> prompts = [];
        try
        {
            foreach (int[] ids in request.Prompts)
                prompts.Add(new Prompt(ids, model.Engine.GenerateAsync(request.Of(ids), ending.Token), Enumerable.Range(0, request.Replies).Select(_ => new TextReply(model, request, ids)).ToArray()));
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }
        Completion completion = new(model, request, prompts);
        if (request.Streams)
            await completion.StreamAsync(context);
        else
            await completion.WriteAsync(context);
        log.Answered(context, completion.Usage, prompts[0].Replies[0].FinishReason);
    }

    private sealed record Prompt(int[] Ids, IAsyncEnumerable<EngineUpdate> Updates, TextReply[] Replies);

    /// <summary>One request being answered.</summary>
    private sealed class Completion(ServedModel model, CompletionRequest request, List<Prompt> prompts)
    {
        private readonly string _id = ServedModel.NewId("cmpl-");
        private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        public Usage Usage
        {
            get
            {
                Usage[] all = [.. prompts.Select(prompt => Numbers.Usage(prompt.Replies.Select(reply => reply.Statistics)))];
                return new Usage(all.Sum(usage => usage.PromptTokens), all.Sum(usage => usage.CompletionTokens), all.Sum(usage => usage.TotalTokens), new PromptTokensDetails(all.Sum(usage => usage.PromptTokensDetails.CachedTokens)));
            }
        }

        public async Task WriteAsync(HttpContext context)
        {
            List<TextChoice> choices = [];
            foreach (Prompt prompt in prompts)
            {
                List<TextChoice>[] pieces = [.. prompt.Replies.Select(_ => new List<TextChoice>())];
                await foreach (EngineUpdate update in prompt.Updates)
                    pieces[update.Reply].Add(prompt.Replies[update.Reply].Take(update));
                choices.AddRange(pieces.Select(Joined).Select((choice, i) => choice with { Index = choices.Count + i }).ToArray());
            }
            context.RequestAborted.ThrowIfCancellationRequested();
            await context.Response.WriteAsJsonAsync(Of(choices) with { Usage = Usage }, ServerJson.Plain.TextCompletion, cancellationToken: context.RequestAborted);
        }

        public async Task StreamAsync(HttpContext context)
        {
            EventStream events = new(context.Response);
            await events.BeginAsync(context.RequestAborted);
            using SemaphoreSlim turn = new(1);
            await Task.WhenAll(prompts.Select((prompt, i) => SendAsync(prompt, i * request.Replies)));
            context.RequestAborted.ThrowIfCancellationRequested();
            if (request.StreamsUsage)
                await events.WriteAsync(Of([]) with { Usage = Usage }, ServerJson.Plain.TextCompletion, context.RequestAborted);
            await events.EndAsync(context.RequestAborted);

            async Task SendAsync(Prompt prompt, int first)
            {
                await foreach (EngineUpdate update in prompt.Updates)
                {
                    TextChoice choice = prompt.Replies[update.Reply].Take(update) with { Index = first + update.Reply };
                    if (choice is { Text: "", Logprobs: null, FinishReason: null })
                        continue;
                    await turn.WaitAsync(context.RequestAborted);
                    try
                    {
                        await events.WriteAsync(Of([choice]), ServerJson.Plain.TextCompletion, context.RequestAborted);
                    }
                    finally
                    {
                        _ = turn.Release();
                    }
                }
            }
        }

        private static TextChoice Joined(List<TextChoice> pieces)
        {
            TextLogProbs[] probabilities = [.. pieces.Select(piece => piece.Logprobs).OfType<TextLogProbs>()];
            return new TextChoice(0, string.Concat(pieces.Select(piece => piece.Text)))
            {
                FinishReason = pieces[^1].FinishReason,
                Logprobs = probabilities.Length == 0 ? null : new TextLogProbs(
                    [.. probabilities.SelectMany(p => p.Tokens)], [.. probabilities.SelectMany(p => p.TokenLogprobs)],
                    [.. probabilities.SelectMany(p => p.TopLogprobs)], [.. probabilities.SelectMany(p => p.TextOffset)]),
            };
        }

        private TextCompletion Of(IReadOnlyList<TextChoice> choices) => new(_id, "text_completion", _created, model.Name, model.Fingerprint, choices);
    }

    /// <summary>One reply as it is written.</summary>
    private sealed class TextReply(ServedModel model, CompletionRequest request, int[] prompt)
    {
        private bool _hasBegun;
        private int _offset;
        private readonly IncrementalDecoder? _decoder = model.Model.Tokenizer is { } tokenizer ? new IncrementalDecoder(tokenizer, skipSpecial: true) : null;

        public string? FinishReason { get; private set; }

        public GenerationStatistics? Statistics { get; private set; }

        public TextChoice Take(EngineUpdate update)
        {
            TextLogProbs? probabilities = request.Options.LogProbabilities is null ? null : new TextLogProbs([], [], [], []);
            string text = update.Update.Text;
            if (!_hasBegun && request.Echoes)
            {
                text = (model.Model.Tokenizer?.Decode(prompt, skipSpecial: true) ?? "") + text;
                AddPrompt(update.Prompt);
            }
            else if (!_hasBegun)
            {
                Skip(prompt);
            }
            _hasBegun = true;
            foreach (TokenLogProbabilities token in update.Update.LogProbabilities)
                Add(token.Chosen.Token, token);
            if (update.Update.FinishReason is { } reason)
            {
                Statistics = update.Update.Statistics;
                FinishReason = reason is Generation.FinishReason.MaxTokens or Generation.FinishReason.ContextLimit ? "length" : "stop";
            }
            return new TextChoice(0, text) { Logprobs = probabilities?.Tokens.Count > 0 ? probabilities : null, FinishReason = FinishReason };

            void AddPrompt(IReadOnlyList<TokenLogProbabilities>? known)
            {
                if (probabilities is null)
                    return;
                for (int i = 0; i < prompt.Length; i++)
                    Add(prompt[i], i == 0 ? null : known?[i - 1]);
            }

            void Add(int token, TokenLogProbabilities? known)
            {
                if (probabilities is null)
                    return;
                probabilities.Tokens.Add(model.TokenText(token).Text);
                probabilities.TokenLogprobs.Add(known is null ? null : Numbers.Finite(known.Chosen.LogProbability));
                probabilities.TopLogprobs.Add(known is null ? null : Top(known));
                probabilities.TextOffset.Add(_offset);
                Skip([token]);
            }
        }

        /// <summary>Offsets count the characters of all tokens before, the prompt's too.</summary>
        private void Skip(ReadOnlySpan<int> tokens)
        {
            foreach (int token in tokens)
                _offset += token < (model.Model.Tokenizer?.VocabularySize ?? 0) ? _decoder!.Append(token).Length : 0;
        }

        private Dictionary<string, double> Top(TokenLogProbabilities known)
        {
            Dictionary<string, double> top = [];
            // Of tokens that read the same the most probable counts.
            foreach (TokenLogProbability token in known.Top)
                _ = top.TryAdd(model.TokenText(token.Token).Text, Numbers.Finite(token.LogProbability));
            _ = top.TryAdd(model.TokenText(known.Chosen.Token).Text, Numbers.Finite(known.Chosen.LogProbability));
            return top;
        }
    }
}
