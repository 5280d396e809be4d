namespace HymbaSharp.Tokenization;

/// <summary>A token found in the raw text before anything else is done to it.</summary>
/// <param name="Content">Its text, never empty.</param>
/// <param name="Id">Its id, inside the vocabulary or following it.</param>
/// <param name="IsSpecial">Whether it steers the model rather than standing for text.</param>
internal readonly record struct AddedToken(string Content, int Id, bool IsSpecial)
{
    public static AddedToken Read(JsonValue token, int id)
    {
        foreach (string flag in (ReadOnlySpan<string>)["lstrip", "rstrip", "single_word", "normalized"])
        {
            if (token.Find(flag) is { } value && value.AsBoolean())
                throw value.Refused("false");
        }
        return new AddedToken(token.Get("content").AsString(), id, token.Find("special")?.AsBoolean() ?? false);
    }
}
