using System.Text;
using HymbaSharp.Batching;
using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.Server.Sessions;

namespace HymbaSharp.Server.Api;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletions(ServedModel model, SessionStore sessions, RequestLog log)
{
    public async Task AnswerAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        model.CheckName(fields);
        if (fields.Text("session_id") is not { } id)
        {
            await AnswerAsync(context, ChatRequest.Read(fields, model.Baked), session: null);
            return;
        }
        ServerSession session = await sessions.TakeAsync(id, SessionApi.OwnerOf(context));
        try
        {
            ChatRequest request = ChatRequest.Read(fields, model.Baked, session);
            sessions.Lend(session);
            await AnswerAsync(context, request, session);
        }
        finally
        {
            SessionStore.Release(session);
        }
    }

    private async Task AnswerAsync(HttpContext context, ChatRequest request, ServerSession? session)
    {
        int[] prompt = request.Encode(model);
        // What ends the work: the client's going, or a reply that has all it may have.
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        IAsyncEnumerable<EngineUpdate> updates = model.Engine.GenerateAsync(request.ToEngine(model, prompt), ending.Token);
        ChatReplyReader[] replies = [.. Enumerable.Range(0, request.Replies).Select(_ => new ChatReplyReader(model, request))];
        Chat chat = new(model, request, replies, ending, () => KeepAsync(session, request, prompt, replies[0]));
        if (request.Streams)
            await chat.StreamAsync(context, updates);
        else
            await chat.WriteAsync(context, updates);
        log.Answered(context, Numbers.Usage(replies.Select(reply => reply.Statistics)), replies[0].FinishReason);
    }

    /// <summary>The session takes what was said, before the client hears that it was all: its next request finds it there.</summary>
    private async Task KeepAsync(ServerSession? session, ChatRequest request, int[] prompt, ChatReplyReader reply)
    {
        if (session is null)
            return;
        HymbaSession? state = await model.Engine.CopyStateAsync((int[])[.. prompt, .. reply.Tokens]);
        session.Messages.Clear();
        session.Messages.AddRange(request.ContinuesLast ? request.Messages.SkipLast(1) : request.Messages);
        session.Messages.Add(new ChatMessage("assistant", request.ContinuesLast ? request.Messages[^1].Content + reply.Written : reply.Written));
        session.Replace(state);
    }

    /// <summary>One request being answered.</summary>
    private sealed class Chat(ServedModel model, ChatRequest request, ChatReplyReader[] replies, CancellationTokenSource ending, Func<Task> keep)
    {
        private readonly string _id = ServedModel.NewId("chatcmpl-");
        private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        public async Task WriteAsync(HttpContext context, IAsyncEnumerable<EngineUpdate> updates)
        {
            StringBuilder[] texts = [.. replies.Select(_ => new StringBuilder())];
            List<ChatLogProb>[] probabilities = [.. replies.Select(_ => new List<ChatLogProb>())];
            await foreach ((int index, GenerationUpdate update) in updates)
            {
                (string text, _) = replies[index].Take(update);
                _ = texts[index].Append(text);
                probabilities[index].AddRange(replies[index].LogProbabilities(update)?.Content ?? []);
                EndWhereSatisfied();
            }
            context.RequestAborted.ThrowIfCancellationRequested();
            await keep();
            ChatCompletion completion = Of("chat.completion", [.. replies.Select((reply, i) => new ChatChoice(i)
            {
                Message = new ChatReply
                {
                    Role = "assistant",
                    Content = texts[i].ToString(),
                    ToolCalls = reply.Calls.Count > 0 ? [.. reply.Calls.Select(call => call with { Index = null })] : null,
                },
                Logprobs = request.Options.LogProbabilities is null ? null : new ChatLogProbs(probabilities[i]),
                FinishReason = reply.FinishReason,
            })]) with
            { Usage = Usage };
            await context.Response.WriteAsJsonAsync(completion, ServerJson.Plain.ChatCompletion, cancellationToken: context.RequestAborted);
        }

        public async Task StreamAsync(HttpContext context, IAsyncEnumerable<EngineUpdate> updates)
        {
            EventStream events = new(context.Response);
            await events.BeginAsync(context.RequestAborted);
            for (int i = 0; i < replies.Length; i++)
                await SendAsync(new ChatChoice(i) { Delta = new ChatReply { Role = "assistant", Content = "" } });
            await foreach ((int index, GenerationUpdate update) in updates)
            {
                ChatReplyReader reply = replies[index];
                (string text, IReadOnlyList<ToolCallReply> calls) = reply.Take(update);
                ChatLogProbs? probabilities = reply.LogProbabilities(update);
                if (text.Length > 0 || probabilities?.Content.Count > 0)
                    await SendAsync(new ChatChoice(index) { Delta = new ChatReply { Content = text }, Logprobs = probabilities });
                foreach (ToolCallReply call in calls)
                    await SendAsync(new ChatChoice(index) { Delta = new ChatReply { ToolCalls = [call] } });
                if (reply.FinishReason is { } reason)
                    await SendAsync(new ChatChoice(index) { Delta = new ChatReply(), FinishReason = reason });
                EndWhereSatisfied();
            }
            context.RequestAborted.ThrowIfCancellationRequested();
            await keep();
            if (request.StreamsUsage)
                await events.WriteAsync(Of("chat.completion.chunk", []) with { Usage = Usage }, ServerJson.Plain.ChatCompletion, context.RequestAborted);
            await events.EndAsync(context.RequestAborted);

            Task SendAsync(ChatChoice choice) => events.WriteAsync(Of("chat.completion.chunk", [choice]), ServerJson.Plain.ChatCompletion, context.RequestAborted);
        }

        private Usage Usage => Numbers.Usage(replies.Select(reply => reply.Statistics));

        private void EndWhereSatisfied()
        {
            if (replies.All(reply => reply.IsSatisfied || reply.FinishReason is not null) && !ending.IsCancellationRequested)
                ending.Cancel();
        }

        private ChatCompletion Of(string kind, IReadOnlyList<ChatChoice> choices) => new(_id, kind, _created, model.Name, model.Fingerprint, choices);
    }
}
