using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace HymbaSharp.Server.Api;

/// <summary>Server-sent events (html.spec.whatwg.org, 9.2), each a JSON object on one line; the last says [DONE].</summary>
internal sealed class EventStream(HttpResponse response)
{
    /// <summary>Sends the headers: from here on errors are events.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        await response.StartAsync(cancellationToken);
    }

    public async Task WriteAsync<T>(T value, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await response.WriteAsync("data: ", cancellationToken);
        await response.BodyWriter.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, type), cancellationToken);
        await response.WriteAsync("\n\n", cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await response.WriteAsync("data: [DONE]\n\n", cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
