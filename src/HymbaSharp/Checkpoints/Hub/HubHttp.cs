using System.Net;
using System.Net.Http.Headers;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>
/// Requests to the hub: redirects followed by hand, so that the token goes to the hub alone; failures told apart into those that
/// may pass (<see cref="TransientException"/>) and those that won't (<see cref="HubException"/>); retries.
/// </summary>
internal sealed class HubHttp : IDisposable
{
    private const int MostRedirects = 10;
    private const long WorthwhileGain = 64 << 10;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(2);

    private readonly HubClientOptions _options;
    private readonly HttpClient _client;
    private readonly string _root;
    private volatile bool _reached;

    public HubHttp(HubClientOptions options)
    {
        _options = options;
        Connections = new(options.MaxConnections);
        _root = options.Endpoint.AbsoluteUri.TrimEnd('/');
        _client = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None, // lengths and ranges are those of the file
            UseCookies = false,
            ConnectTimeout = options.ConnectTimeout,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new("HymbaSharp", typeof(HubHttp).Assembly.GetName().Version!.ToString(3)));
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new("identity"));
    }

    /// <summary>The slots for requests of file contents.</summary>
    public SemaphoreSlim Connections { get; }

    public Uri Address(string path) => new(_root + path);

    /// <summary>
    /// Sends the request and follows its redirects. A HEAD stops where the hub itself has said enough. What comes back has status 200, 206 or 416.
    /// <c>what</c> is asked for, for messages: "config.json of owner/name".
    /// </summary>
    public async Task<HubResponse> SendAsync(HttpMethod method, Uri address, ByteRange? range, string what, CancellationToken cancellationToken)
    {
        bool atHub = true;
        string? etag = null;
        long? size = null;
        for (int hop = 0; hop <= MostRedirects; hop++)
        {
            HubResponse response = await SendOnceAsync(method, address, range, atHub, cancellationToken);
            try
            {
                if (atHub)
                {
                    etag ??= response.Tag("X-Linked-ETag");
                    size ??= long.TryParse(response.Tag("X-Linked-Size"), out long linked) ? linked : null;
                }
                bool redirects = response.Status is HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther
                    or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
                if (!redirects || (method == HttpMethod.Head && etag is not null && size is not null))
                {
                    if (!redirects && response.Status is not (HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable))
                        throw Refusal(response, what, atHub);
                    response.Etag = etag ?? (atHub ? response.Tag("ETag") : null);
                    response.LinkedSize = size;
                    return response;
                }
                address = Target(response, what);
                atHub &= address.Authority == _options.Endpoint.Authority && address.Scheme == _options.Endpoint.Scheme;
            }
            catch
            {
                response.Dispose();
                throw;
            }
            response.Dispose();
        }
        throw new HubException($"The request for {what} was redirected more than {MostRedirects} times, last to {address.Authority}. Check HF_ENDPOINT.");
    }

    /// <summary>Repeats the attempt after failures that may pass, waiting longer each time; an attempt that brought something new starts the count afresh.</summary>
    public async Task<T> RetryAsync<T>(string what, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (int failures = 1; ; failures++)
        {
            TransientException failure;
            try
            {
                return await attempt(cancellationToken);
            }
            catch (TransientException e)
            {
                failure = e;
            }
            if (failure.Gained >= WorthwhileGain)
                failures = 1;
            if (failures > _options.Retries)
                throw new HubException($"Downloading {what} failed {failures} times in a row: {failure.Message}. What is downloaded is kept; pull again to continue.", failure);
            await Task.Delay(Delay(failures, failure.RetryAfter), _options.Time, cancellationToken);
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        Connections.Dispose();
    }

    private async Task<HubResponse> SendOnceAsync(HttpMethod method, Uri address, ByteRange? range, bool authorized, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, address);
        if (range is { } bytes)
            request.Headers.Range = new(bytes.Start, bytes.End - 1);
        if (authorized && _options.Token is { } token)
            request.Headers.Authorization = new("Bearer", token);
        CancellationTokenSource stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            stall.CancelAfter(_options.StallTimeout);
            HttpResponseMessage message = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token);
            stall.CancelAfter(Timeout.InfiniteTimeSpan);
            _reached = true;
            return new(message, address, stall, _options.StallTimeout);
        }
        catch (Exception e)
        {
            stall.Dispose();
            if (e is HttpRequestException failure)
                throw Failure(failure, address);
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new TransientException($"{address.Authority} did not answer in time", e);
            throw;
        }
    }

    private Exception Failure(HttpRequestException failure, Uri address) => failure.HttpRequestError switch
    {
        HttpRequestError.SecureConnectionError => new HubException(
            $"No secure connection to {address.Authority} could be made: {failure.Message} Check the system's date and certificates.", failure),
        // Before the first answer, waiting for the network helps nobody; later it is a passing gap.
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError when !_reached => new HubException(
            $"{address.Authority} cannot be reached: {failure.Message} Check the network; HTTPS_PROXY names a proxy, HF_ENDPOINT a mirror.", failure),
        _ => new TransientException($"the connection to {address.Authority} failed: {failure.Message}", failure),
    };

    private static Uri Target(HubResponse response, string what)
    {
        Uri? location = response.Headers.Location;
        if (location is null || !Uri.TryCreate(response.Address, location, out Uri? target) || target.Scheme is not ("http" or "https"))
            throw new HubException($"{response.Address.Authority} redirected the request for {what} to no usable address. Check HF_ENDPOINT.");
        if (target.Scheme == "http" && response.Address.Scheme == "https")
            throw new HubException($"{response.Address.Authority} redirected the request for {what} to {target.Authority} without encryption, which is refused.");
        return target;
    }

    private Exception Refusal(HubResponse response, string what, bool atHub)
    {
        string host = response.Address.Authority;
        int status = (int)response.Status;
        string said = response.Tag("X-Error-Message") is { } text ? $" ({HubNames.Quote(text)})" : "";
        if (status is 408 or 429 or >= 500)
            return new TransientException($"{host} answered {status} for {what}{said}") { RetryAfter = RetryAfter(response.Headers.RetryAfter) };
        // The addresses that the hub redirects to are signed for a limited time: asking the hub again gives a fresh one.
        if (!atHub)
            return new TransientException($"{host}, where the hub keeps {what}, answered {status}");
        return new HubException(status switch
        {
            401 => $"{host} asks who you are before it gives {what}{said}: the repository is private, gated or does not exist. Check its name; "
                + "if it is right, set HF_TOKEN to an access token that may read it" + (_options.Token is null ? "." : ": the present one was not accepted."),
            403 => $"{host} refuses {what}{said}: accept the licence on the repository's page with the account of your access token, and set HF_TOKEN to that token.",
            404 => $"{host} has no {what}{said}. Check the repository's name and the revision; a private repository needs HF_TOKEN.",
            _ => $"{host} answered {status} for {what}{said}.",
        });
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) => header?.Delta ?? header?.Date - _options.Time.GetUtcNow();

    private static TimeSpan Delay(int failures, TimeSpan? retryAfter)
    {
        if (retryAfter > TimeSpan.Zero)
            return retryAfter < LongestRetryAfter ? retryAfter.Value : LongestRetryAfter;
        double seconds = Math.Min(FirstDelay.TotalSeconds * Math.Pow(2, failures - 1), LongestDelay.TotalSeconds);
        return TimeSpan.FromSeconds(seconds * (0.5 + Random.Shared.NextDouble() / 2));
    }
}
