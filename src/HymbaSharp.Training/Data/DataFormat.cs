namespace HymbaSharp.Training.Data;

/// <summary>How a file of training data is written; docs/training-data.md shows each.</summary>
public enum DataFormat
{
    /// <summary>A conversation a line: <c>{"messages": […], "tools": […], "contexts": […]}</c>.</summary>
    Messages,

    /// <summary>One JSON object for the whole file: <c>{"type": "conversation" or "text_only", "instances": […]}</c>, as LMFlow has it.</summary>
    LmFlow,

    /// <summary>A prompt with a preferred and another reply a line: <c>{"prompt": …, "chosen": …, "rejected": …}</c>, as TRL has it.</summary>
    Preference,

    /// <summary>A text a line: <c>{"text": "…"}</c>.</summary>
    TextLines,

    /// <summary>Plain text: one document, or several parted by <see cref="DataOptions.DocumentSeparator"/>.</summary>
    PlainText,
}
