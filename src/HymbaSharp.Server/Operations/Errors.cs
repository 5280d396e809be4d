using System.Text.Json;
using HymbaSharp.Server.Api;
using HymbaSharp.Server.Ollama;

namespace HymbaSharp.Server.Operations;

/// <summary>Tells a client what went wrong, in the standard's error object, or Ollama's: as the answer, or, where that has begun, as its last event.</summary>
internal sealed class Errors(RequestLog log)
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            // What routing refuses has no body yet.
            if (!context.Response.HasStarted && context.Response is { StatusCode: >= 400, ContentLength: null, ContentType: null })
                await TellAsync(context, OfStatus(context));
        }
        catch (Exception error)
        {
            if (context.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException)
            {
                log.Abandoned(context.Request.Path, context.TraceIdentifier);
                return;
            }
            ApiException told = ApiException.Of(error);
            if (told.Status >= 500 && told.Status != 503)
                log.Failed(context.Request.Path, context.TraceIdentifier, error);
            else
                log.Refused(context.Request.Path, context.TraceIdentifier, told.Status, told.Error.Error.Code);
            await TellAsync(context, told);
        }
    }

    private static async Task TellAsync(HttpContext context, ApiException told)
    {
        bool isOllama = context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal);
        OllamaError brief = new(told.Message);
        if (context.Response.HasStarted && isOllama)
        {
            await context.Response.WriteAsync(JsonSerializer.Serialize(brief, OllamaJson.Plain.OllamaError) + "\n", context.RequestAborted);
            return;
        }
        if (context.Response.HasStarted)
        {
            EventStream events = new(context.Response);
            await events.WriteAsync(told.Error, ServerJson.Plain.ApiError, context.RequestAborted);
            await events.EndAsync(context.RequestAborted);
            return;
        }
        string? challenge = context.Response.Headers.WWWAuthenticate;
        context.Response.Clear();
        context.Response.StatusCode = told.Status;
        if (challenge is not null)
            context.Response.Headers.WWWAuthenticate = challenge;
        if (told.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = $"{Math.Ceiling(wait.TotalSeconds)}";
        if (isOllama)
            await context.Response.WriteAsJsonAsync(brief, OllamaJson.Plain.OllamaError, cancellationToken: context.RequestAborted);
        else
            await context.Response.WriteAsJsonAsync(told.Error, ServerJson.Plain.ApiError, cancellationToken: context.RequestAborted);
    }

    private static ApiException OfStatus(HttpContext context) => context.Response.StatusCode switch
    {
        404 => new ApiException(404, "invalid_request_error", $"There is nothing at {context.Request.Path}.", code: "not_found"),
        405 => new ApiException(405, "invalid_request_error", $"{context.Request.Path} does not take {context.Request.Method}.", code: "method_not_allowed"),
        504 => new ApiException(504, "server_error", "The request took longer than the server allows.", code: "timeout"),
        int status => new ApiException(status, "invalid_request_error", $"The request was refused with status {status}."),
    };
}
