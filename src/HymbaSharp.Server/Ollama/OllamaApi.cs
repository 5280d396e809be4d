using System.Text;
using System.Text.Json;
using HymbaSharp.Batching;
using HymbaSharp.Chat;
using HymbaSharp.Generation;
using HymbaSharp.Server.Api;

namespace HymbaSharp.Server.Ollama;

/// <summary>Ollama's API for the one model that is served: <c>/api/chat</c>, <c>/api/generate</c>, <c>/api/tags</c>, <c>/api/show</c>, <c>/api/version</c>.</summary>
internal sealed class OllamaApi(ServedModel model, RequestLog log)
{
    // What of Ollama's API clients may count on.
    private const string Version = "0.12.0";

    public static Task VersionAsync(HttpContext context) => context.Response.WriteAsJsonAsync(new OllamaVersion(Version), OllamaJson.Plain.OllamaVersion, cancellationToken: context.RequestAborted);

    public Task TagsAsync(HttpContext context)
    {
        string file = Path.Combine(model.Model.Folder, "config.json");
        OllamaModel entry = new(model.Name, model.Name, File.GetLastWriteTimeUtc(file), model.Model.WeightBytesPerToken, $"{model.Model.Fingerprint:x32}", Details);
        return context.Response.WriteAsJsonAsync(new OllamaModels([entry]), OllamaJson.Plain.OllamaModels, cancellationToken: context.RequestAborted);
    }

    public async Task ShowAsync(HttpContext context)
    {
        CheckName(await RequestFields.ReadAsync(context.Request));
        Configuration.HymbaConfig config = model.Model.Config;
        Dictionary<string, JsonElement> info = new()
        {
            ["general.architecture"] = JsonElement.Parse("\"hymba\""),
            ["hymba.block_count"] = Number(config.LayerCount),
            ["hymba.context_length"] = Number(model.Model.ContextLength),
            ["hymba.embedding_length"] = Number(config.HiddenSize),
            ["hymba.attention.head_count"] = Number(config.AttentionHeads),
            ["hymba.attention.head_count_kv"] = Number(config.KeyValueHeads),
            ["hymba.vocab_size"] = Number(config.VocabularySize),
        };
        OllamaDescription description = new(model.Model.Tokenizer?.ChatTemplate ?? "", Details, info, model.CanChat ? ["completion", "tools"] : ["completion"]);
        await context.Response.WriteAsJsonAsync(description, OllamaJson.Plain.OllamaDescription, cancellationToken: context.RequestAborted);
    }

    public async Task ChatAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        CheckName(fields);
        ToolSet tools = ToolSet.Read(fields);
        ChatRequest request = new()
        {
            Messages = ChatRequest.ReadMessages(fields),
            Conversation = new ConversationOptions { Tools = tools.Definitions },
            Options = Options(fields),
            Tools = tools,
            Form = Form(fields),
        };
        int[] prompt = model.Prompt.Encode(request.Messages, request.Conversation);
        await AnswerAsync(context, fields, request.ToEngine(model, prompt), request);
    }

    public async Task GenerateAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        CheckName(fields);
        string text = fields.Text("prompt") ?? "";
        if (fields.Member("suffix") is not null || fields.Member("images") is not null || fields.Member("context") is not null)
            throw ApiException.Invalid("'suffix', 'images' and 'context' are not supported; /api/chat takes a whole conversation.");
        bool isRaw = (fields.Flag("raw") ?? false) || !model.CanChat;
        int[] prompt = isRaw
            ? model.Tokenizer.Encode(text, addBos: model.Tokenizer.AddBosToken)
            : model.Prompt.Encode([new ChatMessage("user", text)], new ConversationOptions { System = fields.Text("system") });
        await AnswerAsync(context, fields, new EngineRequest { Prompt = prompt, Options = Options(fields) with { Constraint = Form(fields)?.Compile(model, isRaw) }, ContinuesText = isRaw }, chat: null);
    }

    private static JsonElement Number(int value) => JsonElement.Parse($"{value}");

    private OllamaDetails Details => new(
        "safetensors", "hymba", ["hymba"], $"{model.Model.MatrixOperationsPerToken / 2e6:0} M", model.Model.IsQuantized ? "quantised" : "float");

    /// <summary>Names carry a tag in Ollama; there is one of each model here.</summary>
    private void CheckName(RequestFields fields)
    {
        string asked = fields.Text("model") ?? fields.Text("name") ?? throw ApiException.Invalid("'model' is missing.", "model");
        if (asked != model.Name && asked != $"{model.Name}:latest")
            throw new ApiException(404, "invalid_request_error", $"model '{asked}' not found; '{model.Name}' is served", "model", "model_not_found");
    }

    private static GenerationOptions Options(RequestFields fields)
    {
        RequestFields options = fields.Object("options") ?? new RequestFields(JsonElement.Parse("{}"));
        return SamplingFields.Read(options) with { MaxTokens = options.Whole("num_predict") is { } most and >= 0 ? most : null };
    }

    /// <summary><c>format</c>: "json", or a schema.</summary>
    private static ReplyForm? Form(RequestFields fields) => fields.Member("format") is not { } format ? null : format.ValueKind switch
    {
        JsonValueKind.Object => ReplyForm.OfSchema(format, "format"),
        JsonValueKind.String when format.GetString() is "" => null,
        JsonValueKind.String when format.GetString() is "json" => ReplyForm.OfAnyObject("format"),
        _ => throw RequestFields.Wrong("format", format, "\"json\" or a JSON schema"),
    };

    private async Task AnswerAsync(HttpContext context, RequestFields fields, EngineRequest request, ChatRequest? chat)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        bool streams = fields.Flag("stream") ?? true;
        IAsyncEnumerable<EngineUpdate> updates = model.Engine.GenerateAsync(request, context.RequestAborted);
        ChatReplyReader reader = new(model, chat ?? new ChatRequest { Messages = [], Conversation = new(), Options = request.Options, Tools = ToolSet.None });
        StringBuilder whole = new();
        if (streams)
        {
            context.Response.ContentType = "application/x-ndjson";
            await context.Response.StartAsync(context.RequestAborted);
        }
        await foreach ((_, GenerationUpdate update) in updates)
        {
            (string text, IReadOnlyList<ToolCallReply> calls) = reader.Take(update);
            if (chat is null)
                text = update.Text;
            _ = whole.Append(text);
            if (streams && (text.Length > 0 || calls.Count > 0))
                await WriteAsync(Of(chat is not null, text, calls, isDone: false));
        }
        context.RequestAborted.ThrowIfCancellationRequested();
        OllamaReply last = streams ? Of(chat is not null, "", [], isDone: true) : Of(chat is not null, whole.ToString(), reader.Calls, isDone: true);
        GenerationStatistics? statistics = reader.Statistics;
        last = last with
        {
            DoneReason = reader.FinishReason == "length" ? "length" : "stop",
            TotalDuration = (long)System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalNanoseconds,
            LoadDuration = 0,
            PromptEvalCount = statistics?.PromptTokens,
            PromptEvalDuration = (long?)statistics?.PromptTime.TotalNanoseconds,
            EvalCount = statistics?.GeneratedTokens,
            EvalDuration = (long?)statistics?.DecodeTime.TotalNanoseconds,
        };
        if (streams)
            await WriteAsync(last);
        else
            await context.Response.WriteAsJsonAsync(last, OllamaJson.Plain.OllamaReply, cancellationToken: context.RequestAborted);
        log.Answered(context, Numbers.Usage([statistics]), last.DoneReason);

        async Task WriteAsync(OllamaReply reply)
        {
            byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(reply, OllamaJson.Plain.OllamaReply), (byte)'\n'];
            await context.Response.BodyWriter.WriteAsync(line, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private OllamaReply Of(bool isChat, string text, IReadOnlyList<ToolCallReply> calls, bool isDone) => new(model.Name, DateTimeOffset.UtcNow, isDone)
    {
        Response = isChat ? null : text,
        Message = !isChat ? null : new OllamaMessage("assistant", text)
        {
            ToolCalls = calls.Count == 0 ? null : [.. calls.Select(call => new OllamaCall(new OllamaFunction(call.Index ?? 0, call.Function.Name, JsonElement.Parse(call.Function.Arguments))))],
        },
    };
}
