namespace HymbaSharp.Server;

/// <summary>How a model is served.</summary>
public sealed record ServerOptions
{
    /// <summary>The address to listen on. Default 127.0.0.1: this machine alone.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port, 0 to 65535; 0 takes a free one. Default 8080.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The name by which clients know the model. Default null: the last part of its folder.</summary>
    public string? ModelName { get; init; }

    /// <summary>The keys of which a client must send one, each 1 to 512 characters without white space; none (the default): anybody may ask.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>Origins whose pages may ask, as <c>https://example.org</c>; <c>*</c> for all. Default none but the server's own.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>A certificate with its chain, PEM; with <see cref="TlsKey"/> makes the server speak TLS. Default null.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>The certificate's key, PEM. Default null.</summary>
    public string? TlsKey { get; init; }

    /// <summary>The most bytes of a request's body, 1 kB to 1 GB. Default 4 MB.</summary>
    public int MaxBodyBytes { get; init; } = 4 << 20;

    /// <summary>The longest that a request may take. Default null: no limit.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>Requests per minute that each key may make, without keys each address; 1 or more. Default null: no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>How long requests under way may go on when the server is asked to end. Default 30 s.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A state that 'hymba bake' wrote: system message, tools and contexts of requests that bring none. Default null: none.</summary>
    public string? Baked { get; init; }

    /// <summary>Where sessions are saved. Default null: <see cref="DefaultSessionFolder"/>.</summary>
    public string? SessionFolder { get; init; }

    /// <summary>After how long without use a session goes to disk. Default 10 minutes.</summary>
    public TimeSpan SessionIdle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The user's folder for what programs keep.</summary>
    public static string DefaultSessionFolder
    {
        get
        {
            if (OperatingSystem.IsWindows())
                return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "HymbaSharp", "Sessions");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (OperatingSystem.IsMacOS())
                return Path.Combine(home, "Library", "Application Support", "HymbaSharp", "Sessions");
            return Path.Combine(Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state ? state : Path.Combine(home, ".local", "state"), "hymbasharp", "sessions");
        }
    }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ServerOptionsException">One is out of its range.</exception>
    public void Validate()
    {
        Require(Port is >= 0 and <= 65535, nameof(Port), Port, "0 to 65535; 0 takes a free one");
        Require(MaxBodyBytes is >= 1000 and <= 1_000_000_000, nameof(MaxBodyBytes), MaxBodyBytes, "1000 to 1000000000");
        Require(RequestTimeout is null || RequestTimeout > TimeSpan.Zero, nameof(RequestTimeout), RequestTimeout, "above 0, or null for no limit");
        Require(RequestsPerMinute is null or >= 1, nameof(RequestsPerMinute), RequestsPerMinute, "1 or more, or null for no limit");
        Require(SessionIdle > TimeSpan.Zero, nameof(SessionIdle), SessionIdle, "above 0");
        Require(DrainTime >= TimeSpan.Zero, nameof(DrainTime), DrainTime, "0 or more");
        Require((TlsCertificate is null) == (TlsKey is null), nameof(TlsKey), TlsKey ?? "null", "a key where there is a certificate, and none where there is none");
        foreach (string key in ApiKeys)
            Require(key.Length is >= 1 and <= 512 && !key.Any(char.IsWhiteSpace), nameof(ApiKeys), $"a key of {key.Length} characters", "keys of 1 to 512 characters without white space");
        foreach (string origin in CorsOrigins)
            Require(origin == "*" || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"), nameof(CorsOrigins), origin, "origins as https://example.org, or *");
    }

    private static void Require(bool allowed, string option, object? value, string range)
    {
        if (!allowed)
            throw new ServerOptionsException($"{option} is {value}; allowed: {range}.");
    }
}

/// <summary>An option of <see cref="ServerOptions"/> lies outside what is allowed, or can't be used.</summary>
public sealed class ServerOptionsException : HymbaException
{
    internal ServerOptionsException(string message, Exception? cause = null) : base(message, cause)
    {
    }
}
