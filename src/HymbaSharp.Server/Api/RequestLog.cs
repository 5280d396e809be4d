using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace HymbaSharp.Server.Api;

/// <summary>What is logged of requests: never what they say.</summary>
internal sealed partial class RequestLog(ServedModel model, ILogger<RequestLog> logger)
{
    /// <summary>An answer has been given: a line in the log, and attributes of the request's trace (opentelemetry.io/docs/specs/semconv/gen-ai).</summary>
    public void Answered(HttpContext context, Usage usage, string? finishReason)
    {
        if (Activity.Current is { } activity)
        {
            _ = activity.SetTag("gen_ai.provider.name", "hymba").SetTag("gen_ai.request.model", model.Name)
                .SetTag("gen_ai.usage.input_tokens", usage.PromptTokens).SetTag("gen_ai.usage.output_tokens", usage.CompletionTokens)
                .SetTag("gen_ai.usage.cache_read.input_tokens", usage.PromptTokensDetails.CachedTokens).SetTag("gen_ai.response.finish_reasons", new[] { finishReason });
        }
        Answered(context.Request.Path, context.TraceIdentifier, usage.PromptTokens, usage.PromptTokensDetails.CachedTokens, usage.CompletionTokens, finishReason);
    }

    [LoggerMessage(1, LogLevel.Information, "{Path} {RequestId}: {PromptTokens} prompt tokens ({CachedTokens} cached), {CompletionTokens} generated, {FinishReason}")]
    private partial void Answered(string path, string requestId, int promptTokens, int cachedTokens, int completionTokens, string? finishReason);

    [LoggerMessage(2, LogLevel.Information, "{Path} {RequestId} was refused: {Status} {Code}")]
    public partial void Refused(string path, string requestId, int status, string? code);

    [LoggerMessage(3, LogLevel.Error, "{Path} {RequestId} failed")]
    public partial void Failed(string path, string requestId, Exception error);

    [LoggerMessage(4, LogLevel.Information, "{Path} {RequestId}: the client went away")]
    public partial void Abandoned(string path, string requestId);
}
