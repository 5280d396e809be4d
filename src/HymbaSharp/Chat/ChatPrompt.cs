using HymbaSharp.Tokenization;

namespace HymbaSharp.Chat;

/// <summary>The prompts of one model's chats: what is said becomes token ids, by the checkpoint's own template.</summary>
public sealed class ChatPrompt
{
    private readonly HymbaModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly string[] _specialTokens;

    /// <summary>Takes a model's tokenizer and template.</summary>
    /// <exception cref="ConversationException">The model's folder has no tokenizer or no chat template.</exception>
    public ChatPrompt(HymbaModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _tokenizer = model.Tokenizer ?? throw new ConversationException($"{model.Folder} has no tokenizer; a chat needs tokenizer.model or tokenizer.json.");
        _template = model.ChatTemplate ?? throw new ConversationException($"{model.Folder} has no chat template; a chat needs chat_template in tokenizer_config.json.");
        _specialTokens = [.. _tokenizer.SpecialTokens.Keys.Where(token => token.Length >= 3 && !token.Any(char.IsWhiteSpace))];
    }

    /// <summary>The text of a prompt.</summary>
    /// <param name="messages">What has been said, oldest first.</param>
    /// <param name="options">System message, put before the others, tools and contexts.</param>
    /// <param name="addGenerationPrompt">Whether it ends where the assistant is to speak.</param>
    /// <exception cref="ChatTemplateException">The template refuses what was said, or exceeds what one rendering may take.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, ConversationOptions options, bool addGenerationPrompt = true) => _template.Render(new ChatTemplateInput
    {
        Messages = options.System is { } system ? [new ChatMessage("system", system), .. messages] : messages,
        Tools = options.Tools.Count > 0 ? options.Tools : null,
        Contexts = options.Contexts.Count > 0 ? options.Contexts : null,
        AddGenerationPrompt = addGenerationPrompt,
        BosToken = _tokenizer.BosId is { } bos ? _tokenizer.Piece(bos) : null,
        EosToken = _tokenizer.EosId is { } eos ? _tokenizer.Piece(eos) : null,
        NeutraliseMarkers = options.NeutraliseMarkers,
        SpecialTokens = _specialTokens,
    });

    /// <summary>The ids of a prompt.</summary>
    /// <exception cref="ChatTemplateException">The template refuses what was said, or exceeds what one rendering may take.</exception>
    public int[] Encode(IReadOnlyList<ChatMessage> messages, ConversationOptions options, bool addGenerationPrompt = true) =>
        _tokenizer.Encode(Render(messages, options, addGenerationPrompt));
}
