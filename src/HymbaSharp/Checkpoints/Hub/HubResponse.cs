using System.Net;
using System.Net.Http.Headers;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>The answer at the end of a chain of redirects, and what the hub's headers on the way said of the file.</summary>
internal sealed class HubResponse(HttpResponseMessage message, Uri address, CancellationTokenSource stall, TimeSpan stallTimeout) : IDisposable
{
    private Stream? _body;

    public HttpStatusCode Status => message.StatusCode;

    public HttpResponseHeaders Headers => message.Headers;

    public Uri Address => address;

    /// <summary>The file's ETag as the hub gives it, unquoted; of a host that the hub redirected to, nothing is taken.</summary>
    public string? Etag { get; set; }

    /// <summary>The file's length as the hub's headers give it.</summary>
    public long? LinkedSize { get; set; }

    public long? ContentLength => message.Content.Headers.ContentLength;

    public ContentRangeHeaderValue? ContentRange => message.Content.Headers.ContentRange;

    /// <summary>Reads some bytes of the body; 0 at its end.</summary>
    /// <exception cref="TransientException">The connection broke or stalled.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            stall.CancelAfter(stallTimeout);
            _body ??= await message.Content.ReadAsStreamAsync(stall.Token);
            int count = await _body.ReadAsync(buffer, stall.Token);
            stall.CancelAfter(Timeout.InfiniteTimeSpan);
            return count;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"{address.Authority} sent nothing for {stallTimeout.TotalSeconds:0.#} seconds", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new TransientException($"{address.Authority} broke the connection off: {e.Message}", e);
        }
    }

    /// <summary>A header's text as sent, without the marks of an ETag; null where absent or empty.</summary>
    public string? Tag(string header) =>
        message.Headers.NonValidated.TryGetValues(header, out HeaderStringValues values) && values.ToString() is { Length: > 0 } text
            ? (text.StartsWith("W/", StringComparison.Ordinal) ? text[2..] : text).Trim('"')
            : null;

    public void Dispose()
    {
        message.Dispose();
        stall.Dispose();
    }
}
