using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using HymbaSharp.Generation;
using HymbaSharp.State;

namespace HymbaSharp.Chat;

/// <summary>
/// A chat of several turns in the checkpoint's own template. Each reply computes only what no earlier turn has: the states at the ends of turns
/// are kept, and saved and restored with the messages. Used by one thread at a time.
/// </summary>
public sealed class Conversation : IDisposable
{
    // Deeper than JSON is usually read, as messages and tools hold what was read elsewhere.
    private static readonly JsonSerializerOptions SavedFormat = new() { MaxDepth = 256, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    // Each holds its own recurrent state, 8 MB at 1.5B; keys and values they share.
    private const int KeptTurns = 8;

    private readonly HymbaModel _model;
    private readonly ChatPrompt _prompt;
    private readonly PrefixCache _cache;
    private readonly List<ChatMessage> _messages = [];

    /// <summary>Begins a conversation.</summary>
    /// <exception cref="ConversationException">The model's folder has no tokenizer or no chat template.</exception>
    public Conversation(HymbaModel model, ConversationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _prompt = new ChatPrompt(model);
        _cache = new PrefixCache(model, KeptTurns);
        Options = options ?? new ConversationOptions();
        Reset();
    }

    /// <summary>System message, tools and contexts. What is set holds from the next reply on.</summary>
    public ConversationOptions Options { get; set; }

    /// <summary>What has been said, without the system's message.</summary>
    public IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Says something as the user and gives the reply as it is written. What ends early is kept as far as it came; an error leaves the conversation as it was.</summary>
    public IAsyncEnumerable<GenerationUpdate> SendAsync(string text, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        SendAsync([new ChatMessage("user", text)], options, cancellationToken);

    /// <summary>Adds messages, a user's or a tool's results, and gives the reply as it is written.</summary>
    /// <exception cref="ContextLengthException">The conversation no longer fits the context.</exception>
    public async IAsyncEnumerable<GenerationUpdate> SendAsync(
        IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        int[] prompt = _prompt.Encode([.. _messages, .. messages], Options);
        if (prompt.Length >= _model.ContextLength)
            throw new ContextLengthException(0, prompt.Length, _model.ContextLength);
        HymbaSession session = _cache.Take(prompt);
        int cached = session.TokenCount;
        Generator generator;
        try
        {
            generator = new Generator(session, options ?? new GenerationOptions())
            {
                CachedPromptTokens = cached,
                PromptPassed = () => _cache.Keep(session.Fork()),
            };
        }
        catch
        {
            session.Dispose();
            throw;
        }

        StringBuilder reply = new();
        bool replied = false, failed = true;
        try
        {
            await foreach (GenerationUpdate update in generator.RunAsync(prompt.AsMemory(cached), cancellationToken).ConfigureAwait(false))
            {
                failed = false; // from here to the next step only the caller can end the reply
                _ = reply.Append(update.Text);
                replied |= update.Tokens.Count > 0;
                yield return update;
                failed = true;
            }
            failed = false;
        }
        finally
        {
            if (failed)
                session.Dispose();
            else
                _cache.Keep(session);
            if (replied && !failed)
            {
                _messages.AddRange(messages);
                _messages.Add(new ChatMessage("assistant", reply.ToString().Trim()));
            }
        }
    }

    /// <summary>Computes what the next prompt begins with, whatever the user says, so that the reply comes sooner; <see cref="Save"/> then keeps it. Returns its tokens.</summary>
    /// <exception cref="ContextLengthException">It doesn't fit the context.</exception>
    public async Task<int> PrepareAsync(CancellationToken cancellationToken = default)
    {
        int[] beginning = Beginning();
        HymbaSession session = _cache.Take(beginning);
        try
        {
            await Task.Run(() => session.Append(beginning.AsSpan(session.TokenCount), cancellationToken), CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            session.Dispose();
            throw;
        }
        _cache.Keep(session);
        return beginning.Length;
    }

    /// <summary>Takes the last turn back: the last message of the user and all after it. False where there is none.</summary>
    public bool Undo()
    {
        int last = _messages.FindLastIndex(message => message.Role == "user");
        if (last < 0)
            return false;
        _messages.RemoveRange(last, _messages.Count - last);
        return true;
    }

    /// <summary>Forgets all messages; system message, tools and contexts stay.</summary>
    public void Reset()
    {
        _messages.Clear();
        _cache.Dispose();
    }

    /// <summary>Writes messages, options and state to a file, whole or not at all.</summary>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(string path)
    {
        using HymbaSession session = _cache.Take(Beginning());
        session.Save(path, JsonSerializer.SerializeToUtf8Bytes(new Saved(Options, [.. _messages]), SavedFormat));
    }

    /// <summary>Goes on with a conversation that <see cref="Save"/> wrote; nothing is computed again. An error leaves this one as it was.</summary>
    /// <exception cref="SnapshotException">The file is no saved conversation, damaged, or of another model.</exception>
    public void Load(string path)
    {
        HymbaSession session = _model.RestoreSession(path);
        if (ReadSaved(session.Attachment.Span) is not { } saved)
        {
            session.Dispose();
            throw new SnapshotException($"{path} holds a session, not a conversation.");
        }
        Reset();
        _cache.Keep(session);
        Options = saved.Options;
        _messages.AddRange(saved.Messages);
    }

    /// <summary>Frees the states.</summary>
    public void Dispose() => _cache.Dispose();

    /// <summary>What a saved conversation begins with; null where a session holds none.</summary>
    public static ConversationOptions? OptionsOf(HymbaSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return ReadSaved(session.Attachment.Span)?.Options;
    }

    /// <summary>The ids that the prompt begins with whatever the user says next: what two different things leave in common.</summary>
    private int[] Beginning()
    {
        int[] one = _prompt.Encode([.. _messages, new ChatMessage("user", "1")], Options);
        int[] other = _prompt.Encode([.. _messages, new ChatMessage("user", "Zz")], Options);
        return one[..one.AsSpan().CommonPrefixLength(other)];
    }

    private static Saved? ReadSaved(ReadOnlySpan<byte> json)
    {
        try
        {
            Saved? saved = JsonSerializer.Deserialize<Saved>(json, SavedFormat);
            // The serializer refuses null where a member must not be, but not in lists.
            return saved is null || saved.Messages.Contains(null) || saved.Options.Contexts.Contains(null) ? null : saved;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Saved(ConversationOptions Options, ChatMessage[] Messages);
}
