using HymbaSharp.Batching;
using HymbaSharp.Generation;
using HymbaSharp.State;

namespace HymbaSharp.Server.Api;

/// <summary>What a client is told when a request can't be answered: the standard's error object and a status.</summary>
internal sealed class ApiException(int status, string type, string message, string? param = null, string? code = null, Exception? cause = null) : Exception(message, cause)
{
    public int Status => status;

    public ApiError Error => new(new ErrorBody(Message, type, param, code));

    /// <summary>When to try again; null: not said.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The request says something that is not allowed.</summary>
    public static ApiException Invalid(string message, string? param = null, string? code = null) => new(400, "invalid_request_error", message, param, code);

    /// <summary>How an error is told; null where nobody is to be told, for the client has gone.</summary>
    public static ApiException Of(Exception error) => error switch
    {
        ApiException known => known,
        ContextLengthException => new(400, "invalid_request_error", error.Message, "messages", "context_length_exceeded", error),
        EngineBusyException busy => new(429, "rate_limit_error", error.Message, code: "queue_full", cause: error) { RetryAfter = busy.RetryAfter },
        GenerationOptionsException option => new(400, "invalid_request_error", error.Message, RequestFields.NameOf(option.Option), cause: error),
        HymbaException => new(400, "invalid_request_error", error.Message, cause: error),
        BadHttpRequestException bad => new(bad.StatusCode, "invalid_request_error", bad.Message, cause: error),
        ObjectDisposedException => new(503, "server_error", "The server is ending and takes no more requests.", code: "shutting_down", cause: error) { RetryAfter = TimeSpan.FromSeconds(10) },
        OperationCanceledException => new(504, "server_error", "The request took longer than the server allows.", code: "timeout", cause: error),
        _ => new(500, "server_error", "The server failed to answer; its log says why.", cause: error),
    };
}
