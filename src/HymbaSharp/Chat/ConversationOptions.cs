using System.Text.Json;

namespace HymbaSharp.Chat;

/// <summary>What a conversation begins with.</summary>
public sealed record ConversationOptions
{
    /// <summary>The system's message; null: none.</summary>
    public string? System { get; init; }

    /// <summary>Functions the model may call, as JSON.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>Passages the model answers from.</summary>
    public IReadOnlyList<string> Contexts { get; init; } = [];

    /// <summary>Whether role markers and special tokens in user, tool and context text lose their meaning; see <see cref="ChatTemplateInput.NeutraliseMarkers"/>.</summary>
    public bool NeutraliseMarkers { get; init; } = true;
}
