using System.Text.Json;
using HymbaSharp.Batching;
using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.Server.Sessions;

namespace HymbaSharp.Server.Api;

/// <summary>What a chat request asks for.</summary>
internal sealed record ChatRequest
{
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    public required ConversationOptions Conversation { get; init; }

    public required GenerationOptions Options { get; init; }

    /// <summary>The tools that may be called; empty where none is.</summary>
    public required ToolSet Tools { get; init; }

    /// <summary>The form that the reply must have; null: any.</summary>
    public ReplyForm? Form { get; init; }

    /// <summary>Whether the reply goes on with the last message, the assistant's, in place of answering it.</summary>
    public bool ContinuesLast { get; init; }

    public int Replies { get; init; } = 1;

    public bool Streams { get; init; }

    /// <summary>Whether a stream ends with the usage.</summary>
    public bool StreamsUsage { get; init; }

    /// <summary>Whether a reply may hold more than one call.</summary>
    public bool ParallelCalls { get; init; } = true;

    /// <param name="fields">The request's.</param>
    /// <param name="session">The session that it goes on with; null: none.</param>
    /// <param name="baked">What it begins with where it says nothing else.</param>
    public static ChatRequest Read(RequestFields fields, ConversationOptions baked, ServerSession? session = null)
    {
        if (session is not null && (fields.Member("tools") ?? fields.Member("contexts")) is not null)
            throw ApiException.Invalid("A session's 'tools' and 'contexts' are given when it is made.", "session_id");
        RefuseWhatIsNotGiven(fields);
        bool choosesTools = (fields.Member("tools") ?? fields.Member("tool_choice")) is not null;
        ToolSet tools = session is not null ? ToolSet.Of(session.Options.Tools) : choosesTools ? ToolSet.Read(fields) : ToolSet.Of(baked.Tools);
        IReadOnlyList<ChatMessage> messages = [.. session?.Messages ?? [], .. ReadMessages(fields)];
        bool continues = fields.Flag("continue_final_message") ?? false;
        if (continues && (messages[^1].Role != "assistant" || (fields.Flag("add_generation_prompt") ?? false)))
            throw ApiException.Invalid("'continue_final_message' needs the last message to be the assistant's and 'add_generation_prompt' to be false.", "continue_final_message");
        return new ChatRequest
        {
            Messages = messages,
            ContinuesLast = continues,
            Conversation = session?.Options ?? new ConversationOptions
            {
                System = messages.Any(message => message.Role == "system") ? null : baked.System,
                Tools = tools.Definitions,
                Contexts = fields.Member("contexts") is null ? baked.Contexts : fields.Texts("contexts"),
            },
            Options = SamplingFields.Read(fields) with { LogProbabilities = LogProbabilities(fields) },
            Tools = tools,
            Form = FormOf(ReplyForm.Read(fields), tools),
            Replies = fields.Whole("n") is { } replies and not 1 ? (session is null ? replies : throw ApiException.Invalid("A session takes one reply: 'n' must be 1.", "n")) : 1,
            Streams = fields.Flag("stream") ?? false,
            StreamsUsage = fields.Object("stream_options")?.Flag("include_usage") ?? false,
            ParallelCalls = fields.Flag("parallel_tool_calls") ?? true,
        };
    }

    // What would change the reply and is not given must not pass for given.
    private static void RefuseWhatIsNotGiven(RequestFields fields)
    {
        foreach ((string name, string instead) in ((string, string)[])
            [("functions", "'tools' is its successor"), ("function_call", "'tool_choice' is its successor"), ("audio", "replies are text"), ("web_search_options", "the model searches nothing")])
        {
            if (fields.Member(name) is not null)
                throw ApiException.Invalid($"'{name}' is not supported: {instead}.", name);
        }
        if (fields.Texts("modalities").Any(modality => modality != "text"))
            throw ApiException.Invalid("'modalities' may hold text alone.", "modalities");
    }

    // A reply of a form may call a tool in its place, as long as none is required.
    private static ReplyForm? FormOf(ReplyForm? form, ToolSet tools) =>
        tools.RequiredCall ?? (form is not null && tools.AnyCall is { } call ? form.Or(call) : form);

    /// <summary>What the engine is asked.</summary>
    public EngineRequest ToEngine(ServedModel model, int[] prompt) => new()
    {
        Prompt = prompt,
        Options = Options with { Constraint = Form?.Compile(model, ContinuesLast) },
        Replies = Replies,
        ContinuesText = ContinuesLast,
    };

    /// <summary>The ids of the prompt.</summary>
    public int[] Encode(ServedModel model)
    {
        if (!ContinuesLast)
            return model.Prompt.Encode(Messages, Conversation);
        // What the template makes of a whole message may end it: the text itself follows where the assistant is to speak.
        return model.Tokenizer.Encode(model.Prompt.Render([.. Messages.SkipLast(1)], Conversation) + Messages[^1].Content);
    }

    private static int? LogProbabilities(RequestFields fields)
    {
        bool reports = fields.Flag("logprobs") ?? false;
        int? top = fields.Whole("top_logprobs");
        if (top is not null && !reports)
            throw ApiException.Invalid("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs");
        return reports ? top ?? 0 : null;
    }

    public static IReadOnlyList<ChatMessage> ReadMessages(RequestFields fields)
    {
        IReadOnlyList<JsonElement> elements = fields.Array("messages");
        if (elements.Count == 0)
            throw ApiException.Invalid("'messages' is missing or empty; at least one message is needed.", "messages");
        return [.. elements.Select(ReadMessage)];
    }

    private static ChatMessage ReadMessage(JsonElement element, int index)
    {
        string where = $"messages[{index}]";
        if (element.ValueKind != JsonValueKind.Object)
            throw RequestFields.Wrong(where, element, "an object");
        RequestFields message = new(element);
        string role = message.Text("role") ?? throw ApiException.Invalid($"'{where}' has no 'role'; system, user, assistant or tool is needed.", where);
        string content = Content(message, where);
        switch (role)
        {
            case "system" or "developer":
                return new ChatMessage("system", content);
            case "user":
                return new ChatMessage(role, content);
            case "tool":
                return new ChatMessage(role, OnOneLine(content));
            case "assistant":
                string calls = string.Join('\n', message.Array("tool_calls").Select((call, i) => ReadCall(call, $"{where}.tool_calls[{i}]").ToText()));
                return new ChatMessage(role, content.Length > 0 && calls.Length > 0 ? $"{content}\n{calls}" : content + calls);
            default:
                throw ApiException.Invalid($"'{where}.role' is '{role}'; system, developer, user, assistant or tool is needed.", where);
        }
    }

    /// <summary>
    /// A result that some client has indented, as models are shown results: JSON on one line. Anything else stays as it is.
    /// </summary>
    private static string OnOneLine(string result)
    {
        if (!result.Contains('\n') || result.TrimStart() is not ['{' or '[', ..])
            return result;
        try
        {
            return SpacedJson.Write(JsonElement.Parse(result));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return result; // No JSON, or half a character in one of its strings.
        }
    }

    /// <summary>A string, or parts of text.</summary>
    private static string Content(RequestFields message, string where)
    {
        if (message.Member("content") is not { } content)
            return "";
        if (content.ValueKind == JsonValueKind.String)
            return RequestFields.TextOf(content, $"{where}.content");
        if (content.ValueKind != JsonValueKind.Array)
            throw RequestFields.Wrong($"{where}.content", content, "a string or an array of parts");
        return string.Concat(content.EnumerateArray().Select((part, i) =>
        {
            RequestFields fields = part.ValueKind == JsonValueKind.Object ? new RequestFields(part) : throw RequestFields.Wrong($"{where}.content[{i}]", part, "an object");
            return fields.Text("type") is "text" or null && fields.Text("text") is { } text
                ? text
                : throw ApiException.Invalid($"'{where}.content[{i}]' is of type '{fields.Text("type")}'; this model reads parts of type text alone.", where);
        }));
    }

    private static ToolCall ReadCall(JsonElement element, string where)
    {
        RequestFields call = element.ValueKind == JsonValueKind.Object ? new RequestFields(element) : throw RequestFields.Wrong(where, element, "an object");
        RequestFields function = call.Object("function") ?? throw ApiException.Invalid($"'{where}' has no 'function'.", where);
        string name = function.Text("name") ?? throw ApiException.Invalid($"'{where}.function' has no 'name'.", where);
        // OpenAI's arguments are JSON as text, Ollama's an object.
        JsonElement arguments = function.Member("arguments") ?? JsonElement.Parse("{}");
        try
        {
            if (arguments.ValueKind == JsonValueKind.String)
                arguments = JsonElement.Parse(arguments.GetString() is { Length: > 0 } text ? text : "{}");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw ApiException.Invalid($"'{where}.function.arguments' is not JSON: {error.Message}", where);
        }
        if (arguments.ValueKind != JsonValueKind.Object)
            throw RequestFields.Wrong($"{where}.function.arguments", arguments, "a JSON object");
        return new ToolCall(name, arguments);
    }
}
