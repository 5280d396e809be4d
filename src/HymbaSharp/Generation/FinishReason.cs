namespace HymbaSharp.Generation;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model chose its end-of-text token, or <see cref="GenerationOptions.Constraint"/> allows no further text.</summary>
    EndOfText,

    /// <summary>The model began a new turn of the conversation, which is not its to write.</summary>
    NewTurn,

    /// <summary>One of <see cref="GenerationOptions.StopStrings"/> appeared; the text ends before it.</summary>
    StopString,

    /// <summary>One of <see cref="GenerationOptions.StopTokenIds"/> was chosen; the text ends before it.</summary>
    StopToken,

    /// <summary><see cref="GenerationOptions.MaxTokens"/> tokens were generated.</summary>
    MaxTokens,

    /// <summary>The sequence reached the longest context that the session allows.</summary>
    ContextLimit,

    /// <summary>The caller cancelled; what was generated until then stands.</summary>
    Cancelled,
}
