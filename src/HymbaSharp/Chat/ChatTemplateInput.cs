using System.Text.Json;

namespace HymbaSharp.Chat;

/// <summary>What a chat template is rendered with.</summary>
public sealed record ChatTemplateInput
{
    /// <summary>The conversation, oldest message first.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>The functions the model may call, each as the JSON the family expects. Null (the default) is <c>none</c> to the template.</summary>
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary>Passages the model answers from. Null (the default) leaves <c>contexts</c> undefined.</summary>
    public IReadOnlyList<string>? Contexts { get; init; }

    /// <summary>Whether the prompt ends where the assistant is to speak. True unless set.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>The text of the token that begins a sequence; null (the default) leaves <c>bos_token</c> undefined.</summary>
    public string? BosToken { get; init; }

    /// <summary>The text of the token that ends a sequence; null (the default) leaves <c>eos_token</c> undefined.</summary>
    public string? EosToken { get; init; }

    /// <summary>Further variables of the template, in front of those above. They are trusted: no marker in them is neutralised.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Variables { get; init; }

    /// <summary>Tells <c>strftime_now</c> the local time. The system's clock unless set.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Whether markers in what others wrote lose their meaning. True unless set. A marker gets a space after its first character:
    /// <c>&lt;extra_id_1&gt;</c> becomes <c>&lt; extra_id_1&gt;</c>, which reads the same, and which neither the tokenizer nor
    /// a search for the marker takes for one.
    /// <list type="bullet">
    /// <item>In <see cref="Tools"/>, in <see cref="Contexts"/>, and in messages of every role but the two below, the names of members
    /// included: the markers of turns, the special tokens, and the tags of tools, contexts and tool calls.</item>
    /// <item>In messages of the role <c>assistant</c>: the markers of turns and the special tokens, which no answer holds that ended
    /// at them. Tool calls stay.</item>
    /// <item>In messages of the role <c>system</c>: nothing. They are the operator's.</item>
    /// </list>
    /// A text that ends with the beginning of a marker, or begins with the end of one, is treated likewise, so that two texts
    /// that a template joins do not make a marker. A template that takes characters out of texts, or puts a whole one between
    /// the brackets of a marker, can still make one.
    /// </summary>
    public bool NeutraliseMarkers { get; init; } = true;

    /// <summary>
    /// The texts that the tokenizer turns into special tokens, at least three characters each and no white space.
    /// Those of the published Hymba models unless set.
    /// </summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<s>", "</s>", "<unk>", "[PAD]"];
}
