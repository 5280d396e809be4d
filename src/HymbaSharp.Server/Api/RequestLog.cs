using Microsoft.Extensions.Logging;

namespace HymbaSharp.Server.Api;

/// <summary>What is logged of requests: never what they say.</summary>
internal sealed partial class RequestLog(ILogger<RequestLog> logger)
{
    public void Answered(HttpContext context, Usage usage, string? finishReason) =>
        Answered(context.Request.Path, context.TraceIdentifier, usage.PromptTokens, usage.PromptTokensDetails.CachedTokens, usage.CompletionTokens, finishReason);

    [LoggerMessage(1, LogLevel.Information, "{Path} {RequestId}: {PromptTokens} prompt tokens ({CachedTokens} cached), {CompletionTokens} generated, {FinishReason}")]
    private partial void Answered(string path, string requestId, int promptTokens, int cachedTokens, int completionTokens, string? finishReason);

    [LoggerMessage(2, LogLevel.Information, "{Path} {RequestId} was refused: {Status} {Code}")]
    public partial void Refused(string path, string requestId, int status, string? code);

    [LoggerMessage(3, LogLevel.Error, "{Path} {RequestId} failed")]
    public partial void Failed(string path, string requestId, Exception error);

    [LoggerMessage(4, LogLevel.Information, "{Path} {RequestId}: the client went away")]
    public partial void Abandoned(string path, string requestId);
}
