using System.Text.Json;

namespace HymbaSharp.Server.Api;

/// <summary>The members of a request's JSON object. One that is null counts as left out; one of another type is refused by its name.</summary>
internal readonly struct RequestFields(JsonElement body)
{
    // Names of this library's options where they are not the request's own in another case.
    private static readonly Dictionary<string, string> Names = new()
    {
        ["RepetitionPenalty"] = "repeat_penalty",
        ["StopStrings"] = "stop",
        ["LogProbabilities"] = "top_logprobs",
        ["PromptLogProbabilities"] = "logprobs",
        ["Replies"] = "n",
    };

    public JsonElement Body => body;

    /// <summary>The member of a request that sets an option.</summary>
    public static string NameOf(string option) => Names.TryGetValue(option, out string? name) ? name : JsonNamingPolicy.SnakeCaseLower.ConvertName(option);

    /// <summary>Reads a whole body.</summary>
    public static async Task<RequestFields> ReadAsync(HttpRequest request)
    {
        try
        {
            // Its buffers are rented: what is kept of the request is a copy.
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { MaxDepth = 64 }, request.HttpContext.RequestAborted);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw ApiException.Invalid($"The body is a JSON {document.RootElement.ValueKind}; an object is needed.");
            return new RequestFields(document.RootElement.Clone());
        }
        catch (JsonException error)
        {
            throw ApiException.Invalid($"The body is not JSON, or nested deeper than 64: {error.Message}");
        }
    }

    public JsonElement? Member(string name) => body.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name)
    {
        if (Member(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String ? TextOf(value, name) : throw Wrong(name, value, "a string");
    }

    public bool? Flag(string name) => Member(name) is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, value, "true or false"),
    };

    public float? Number(string name)
    {
        if (Member(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number) ? number : throw Wrong(name, value, "a number");
    }

    public int? Whole(string name)
    {
        if (Member(name) is not { } value)
            return null;
        // 16.0 is whole too.
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number is >= int.MinValue and <= int.MaxValue && number == Math.Floor(number)
            ? (int)number
            : throw Wrong(name, value, "a whole number");
    }

    public RequestFields? Object(string name)
    {
        if (Member(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Object ? new RequestFields(value) : throw Wrong(name, value, "an object");
    }

    /// <summary>The elements of an array; empty where it is left out.</summary>
    public IReadOnlyList<JsonElement> Array(string name)
    {
        if (Member(name) is not { } value)
            return [];
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Wrong(name, value, "an array");
    }

    /// <summary>A string or several; empty where it is left out.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (Member(name) is not { } value)
            return [];
        if (value.ValueKind == JsonValueKind.String)
            return [TextOf(value, name)];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(element => element.ValueKind != JsonValueKind.String))
            throw Wrong(name, value, "a string or an array of strings");
        return [.. value.EnumerateArray().Select(element => TextOf(element, name))];
    }

    public static ApiException Wrong(string name, JsonElement value, string allowed)
    {
        string shown = value.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.String ? $"a JSON {value.ValueKind}" : value.GetRawText();
        return ApiException.Invalid($"'{name}' is {shown}; {allowed} is needed.", name);
    }

    /// <summary>A JSON string's text: escapes may spell half a surrogate pair, which is no text.</summary>
    public static string TextOf(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid($"'{name}' holds text that is not well-formed Unicode.", name);
        }
    }
}
