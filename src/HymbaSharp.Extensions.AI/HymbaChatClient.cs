using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using HymbaSharp.Batching;
using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.Generation.Constraints;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using PromptMessage = HymbaSharp.Chat.ChatMessage;

namespace HymbaSharp.Extensions.AI;

/// <summary>
/// A Hymba model as <see cref="IChatClient"/> (docs/extensions-ai.md). Functions are described to the model and its calls given back; who invokes
/// them is the caller, or <c>UseFunctionInvocation</c>. Safe to use from many threads: requests at once share the engine's steps.
/// </summary>
public sealed class HymbaChatClient : IChatClient
{
    /// <summary>What the metadata give as the provider's name.</summary>
    public const string ProviderName = "hymba";

    private readonly HymbaEngine _engine;
    private readonly ChatPrompt _prompt;
    private readonly ChatClientMetadata _metadata;
    private readonly ConcurrentDictionary<string, StoredConversation> _conversations = new();

    internal Lazy<ConstraintCache> Constraints { get; }

    /// <summary>Takes an engine, which stays the caller's and must outlive the client.</summary>
    /// <param name="engine">Runs the requests.</param>
    /// <param name="modelId">What the model is called in requests and responses; null: owner/name where it lies in the hub's cache, else the name of its folder.</param>
    /// <exception cref="ConversationException">The model's folder has no tokenizer or no chat template.</exception>
    public HymbaChatClient(HymbaEngine engine, string? modelId = null)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _prompt = new ChatPrompt(engine.Model);
        Constraints = new Lazy<ConstraintCache>(() => new ConstraintCache(engine.Model));
        ModelId = modelId ?? ModelName.Of(engine.Model);
        _metadata = new ChatClientMetadata(ProviderName, defaultModelId: ModelId);
    }

    /// <summary>What the model is called. A request that names another is refused.</summary>
    public string ModelId { get; }

    /// <inheritdoc/>
    /// <exception cref="HymbaException">The request asks for what is not allowed, or does not fit the model's context or the engine's memory; or as many wait as may.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
            updates.Add(update);
        ChatResponse response = updates.ToChatResponse();
        response.RawRepresentation = updates[^1].RawRepresentation;
        return response;
    }

    /// <inheritdoc/>
    /// <exception cref="HymbaException">The request asks for what is not allowed, or does not fit the model's context or the engine's memory; or as many wait as may.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return ReplyAsync(messages, options, cancellationToken);
    }

    /// <summary>
    /// Begins a conversation that the client remembers, and gives its unguessable id. A request with this id as <see cref="ChatOptions.ConversationId"/>
    /// brings only what is new: its messages and the reply are kept when the reply has come to its end. A request that fails, is cancelled or whose stream is
    /// left changes nothing; one beside another of the same conversation is refused. Instructions, tools and contexts are not kept: each request brings its own.
    /// </summary>
    public string CreateConversation()
    {
        string id = $"conv_{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
        _conversations[id] = new StoredConversation();
        return id;
    }

    /// <summary>Forgets a conversation; false where there is none. A request that is under way comes to its end.</summary>
    public bool RemoveConversation(string conversationId)
    {
        ArgumentNullException.ThrowIfNull(conversationId);
        return _conversations.TryRemove(conversationId, out _);
    }

    /// <summary>The client itself, its <see cref="ChatClientMetadata"/>, the <see cref="HymbaEngine"/> or the <see cref="HymbaModel"/>; else null.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        object[] services = [this, _metadata, _engine, _engine.Model];
        return serviceKey is null ? services.FirstOrDefault(serviceType.IsInstanceOfType) : null;
    }

    /// <summary>Forgets all conversations. The engine is not disposed.</summary>
    public void Dispose() => _conversations.Clear();

    private async IAsyncEnumerable<ChatResponseUpdate> ReplyAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<PromptMessage> said = PromptMessages.Of(messages);
        RequestOptions request = RequestOptions.Of(options, this);
        using StoredConversation? conversation = options?.ConversationId is { } id ? Find(id).Take() : null;
        EngineRequest engineRequest = new()
        {
            Prompt = _prompt.Encode([.. conversation?.Messages ?? [], .. said], request.Conversation),
            Options = request.Generation,
        };
        ResponseWriter response = new(ModelId, options?.ConversationId);
        ReplyReader reader = new(request.HasTools, request.AllowsSeveralCalls);
        GenerationUpdate? last = null;
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await foreach (EngineUpdate update in _engine.GenerateAsync(engineRequest, ending.Token).ConfigureAwait(false))
        {
            // The engine may be ahead of who reads: what it wrote by now is not wanted any more.
            cancellationToken.ThrowIfCancellationRequested();
            last = update.Update;
            foreach (AIContent content in reader.Append(last.Text))
                yield return response.Update(content, last);
            if (reader.HasEnded)
                await ending.CancelAsync().ConfigureAwait(false);
        }
        if (last!.FinishReason == FinishReason.Cancelled && !reader.HasEnded)
            throw new ObjectDisposedException(nameof(HymbaEngine), "The engine was disposed before the reply came to its end.");
        foreach (AIContent content in reader.Complete(last.FinishReason is FinishReason.EndOfText or FinishReason.NewTurn))
            yield return response.Update(content, last);
        conversation?.Add([.. said, new PromptMessage("assistant", reader.Text.Trim())]);
        yield return response.Last(last, reader.Calls > 0);
    }

    private StoredConversation Find(string id) => _conversations.GetValueOrDefault(id)
        ?? throw new HymbaRequestException("There is no conversation of this ConversationId: ids come from CreateConversation of the same client, until RemoveConversation.");
}
