using System.Text.Json;
using HymbaSharp.Chat;

namespace HymbaSharp.Tests.Chat;

/// <summary>
/// The variables that the expected values of the Jinja tests were computed with. The expectations come from jinja2 3.1 in its
/// immutable sandbox, with trim_blocks, lstrip_blocks and loop controls, as Hugging Face Transformers sets it up.
/// </summary>
internal static class Sample
{
    private static readonly Dictionary<string, JsonElement> Variables = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>("""
        {
          "s": "  Hello, Wörld! \n", "n": null, "i": 7, "f": 2.5, "b": true, "e": "", "l": [3, 1, 2],
          "d": { "a": 1, "B": [1, 2], "c d": { "x": null } },
          "msgs": [
            { "role": "user", "content": "hi", "n": 2 },
            { "role": "assistant", "content": "yo", "n": 1 },
            { "role": "user", "content": "bye" }
          ],
          "emo": "a😀b", "words": "the quick brown fox",
          "mixed": [1, "a", null, true, 2.0, { "k": "v" }, [1, 2]],
          "nest": { "f": { "g": [{ "h": 5 }] } },
          "big": 123456789012345678901234567890, "fl": 1e16, "sm": 1e-5,
          "items": { "items": 1, "keys": 2 }
        }
        """)!;

    public static string Render(string template) =>
        ChatTemplate.Parse(template).Render(new ChatTemplateInput { Messages = [], Variables = Variables });

    public static JsonElement Json(string json) => JsonElement.Parse(json);

    /// <summary>A clock that stands still, on Sunday 3 November 2024 at 09:05:07.</summary>
    public sealed class Clock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 11, 3, 9, 5, 7, TimeSpan.Zero);
    }
}
