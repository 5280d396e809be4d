namespace HymbaSharp.Checkpoints.Hub;

/// <summary>How a <see cref="HubClient"/> reaches the hub.</summary>
public sealed record HubClientOptions
{
    /// <summary>The hub or a mirror of it: an http or https address, a path prefix allowed. Default: https://huggingface.co.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>The access token that private and gated repositories need; sent to <see cref="Endpoint"/> only, never to a host it redirects to. Default: none.</summary>
    public string? Token { get; init; }

    /// <summary>How many requests for file contents run at once, 1 to 32. Default: 4.</summary>
    public int MaxConnections { get; init; } = 4;

    /// <summary>How long connecting to a host may take, above zero, at most an hour. Default: 15 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a request may go without receiving anything before it counts as dropped, above zero, at most an hour. Default: 30 seconds.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait for another process that is downloading the same file, above zero, at most a day. Default: 1 hour.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many times in a row a request is repeated after a passing failure that brought nothing new, 0 to 20. Default: 5.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>The waits between retries and for locks, and the date that a Retry-After is compared with.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The length of one ranged request, in bytes; files up to this length come in one piece.</summary>
    internal long PieceLength { get; init; } = 64L << 20;

    /// <summary>How many new bytes may go unrecorded, so be lost when the process is killed.</summary>
    internal long RecordStep { get; init; } = 4L << 20;

    /// <summary>The bytes free at a folder; null where the system does not tell.</summary>
    internal Func<string, long?> FreeSpace { get; init; } = DiskSpace.Free;

    /// <summary>
    /// The options that the hub's tools take from the environment: <c>HF_ENDPOINT</c>; <c>HF_TOKEN</c>, else the file
    /// <c>HF_TOKEN_PATH</c>, else <c>token</c> in <c>HF_HOME</c> (~/.cache/huggingface).
    /// </summary>
    /// <exception cref="HubException">HF_ENDPOINT is no address, or the token's file cannot be read.</exception>
    public static HubClientOptions FromEnvironment() => From(HubEnvironment.Process);

    internal static HubClientOptions From(HubEnvironment environment)
    {
        HubClientOptions options = new() { Token = environment.Token };
        if (environment.Endpoint is not { } endpoint)
            return options;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address))
            throw new HubException($"HF_ENDPOINT is {HubNames.Quote(endpoint)}: expected an http or https address.");
        return options with { Endpoint = address };
    }

    internal void Validate()
    {
        if (!Endpoint.IsAbsoluteUri || Endpoint.Scheme is not ("http" or "https") || Endpoint.Query.Length > 0 || Endpoint.UserInfo.Length > 0)
            throw new HubException($"The endpoint is {HubNames.Quote(Endpoint.OriginalString)}: expected an http or https address without user name and query.");
        // The token itself stays out of the message.
        if (Token is not null && (Token.Length == 0 || !Token.All(c => c is > ' ' and < (char)127)))
            throw new HubException("The access token is empty or holds characters that no token has: copy it again.");
        Require(MaxConnections is >= 1 and <= 32, nameof(MaxConnections), MaxConnections, "1 to 32");
        Require(Retries is >= 0 and <= 20, nameof(Retries), Retries, "0 to 20");
        Require(ConnectTimeout > TimeSpan.Zero && ConnectTimeout <= TimeSpan.FromHours(1), nameof(ConnectTimeout), ConnectTimeout, "above zero, at most an hour");
        Require(StallTimeout > TimeSpan.Zero && StallTimeout <= TimeSpan.FromHours(1), nameof(StallTimeout), StallTimeout, "above zero, at most an hour");
        Require(LockTimeout > TimeSpan.Zero && LockTimeout <= TimeSpan.FromDays(1), nameof(LockTimeout), LockTimeout, "above zero, at most a day");
    }

    private static void Require(bool valid, string name, object value, string allowed)
    {
        if (!valid)
            throw new HubException($"{name} is {value}: allowed is {allowed}.");
    }
}
