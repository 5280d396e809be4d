using System.Security.Cryptography.X509Certificates;
using System.Threading.RateLimiting;
using HymbaSharp.Batching;
using HymbaSharp.Chat;
using HymbaSharp.Server.Api;
using HymbaSharp.Server.Ollama;
using HymbaSharp.Server.Operations;
using HymbaSharp.Server.Sessions;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace HymbaSharp.Server;

/// <summary>A server over one engine: OpenAI's API, what belongs to it, and a chat in the browser.</summary>
public sealed class HymbaServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HymbaEngine _engine;
    private readonly ServerOptions _options;
    private readonly SessionStore _sessions;

    private HymbaServer(WebApplication app, HymbaEngine engine, ServerOptions options)
    {
        (_app, _engine, _options) = (app, engine, options);
        _sessions = app.Services.GetRequiredService<SessionStore>();
    }

    /// <summary>Where the server listens, once it has started.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>The name by which clients know the model.</summary>
    public required string ModelName { get; init; }

    /// <summary>Prepares a server over an engine, which stays the caller's.</summary>
    /// <exception cref="ServerOptionsException">An option is out of its range, or a certificate can't be read.</exception>
    public static HymbaServer Create(HymbaEngine engine, ServerOptions? options = null, Action<ILoggingBuilder>? logging = null)
    {
        ArgumentNullException.ThrowIfNull(engine);
        options ??= new ServerOptions();
        options.Validate();
        // Schemas of tools may hold patterns: a match that takes longer is none.
        AppDomain.CurrentDomain.SetData("REGEX_DEFAULT_MATCH_TIMEOUT", TimeSpan.FromSeconds(1));
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "HymbaSharp" });
        X509Certificate2? certificate = Certificate(options);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options, certificate));
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        string name = options.ModelName ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(engine.Model.Folder)));
        builder.Services.AddRoutingCore().AddSingleton(new ServedModel(engine, name, Bake(engine, options))).AddSingleton<RequestLog>().AddSingleton<Errors>()
            .AddSingleton(new Keys(options.ApiKeys)).AddSingleton<ChatCompletions>().AddSingleton<TextCompletions>().AddSingleton<TextTools>().AddSingleton<About>().AddSingleton<OllamaApi>()
            .AddSingleton(options).AddSingleton<SessionStore>().AddHostedService(services => services.GetRequiredService<SessionStore>()).AddSingleton<SessionApi>();
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => Allow(policy, options.CorsOrigins)));
        builder.Services.AddRequestTimeouts();
        if (options.RequestsPerMinute is { } perMinute)
            builder.Services.AddRateLimiter(limiter => Limit(limiter, perMinute));
        Telemetry.Add(builder, name);
        logging?.Invoke(builder.Logging);
        WebApplication app = builder.Build();
        Map(app, options);
        return new HymbaServer(app, engine, options) { ModelName = name };
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="ServerOptionsException">The address can't be listened on.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException or FormatException)
        {
            throw new ServerOptionsException($"Host {_options.Host} and port {_options.Port} can't be listened on: {error.Message}", error);
        }
    }

    /// <summary>Takes no more requests, lets those under way end for as long as the options allow, and stops.</summary>
    public async Task StopAsync()
    {
        using CancellationTokenSource patience = new(_options.DrainTime);
        try
        {
            await _engine.DrainAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What is still under way then is cut off.
        }
        await _app.StopAsync(patience.Token).ConfigureAwait(false);
    }

    /// <summary>Stops at once. On return the sessions are on disk, and no more of them is written.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync().ConfigureAwait(false);
        // The host tells what runs in the background to end, and does not wait for it.
        await (_sessions.ExecuteTask ?? Task.CompletedTask).ConfigureAwait(false);
    }

    private static void Map(WebApplication app, ServerOptions options)
    {
        Errors errors = app.Services.GetRequiredService<Errors>();
        Keys keys = app.Services.GetRequiredService<Keys>();
        app.Use((context, next) => errors.InvokeAsync(context, next));
        app.UseRouting();
        app.UseCors();
        app.Use((context, next) => keys.InvokeAsync(context, next));
        if (options.RequestsPerMinute is not null)
            app.UseRateLimiter();
        app.UseRequestTimeouts();
        Bodies bodies = new(options.MaxBodyBytes);
        app.Use((context, next) => bodies.InvokeAsync(context, next));

        About about = app.Services.GetRequiredService<About>();
        TextTools tools = app.Services.GetRequiredService<TextTools>();
        ChatCompletions chat = app.Services.GetRequiredService<ChatCompletions>();
        TextCompletions text = app.Services.GetRequiredService<TextCompletions>();
        WebFiles web = new();
        Get("/", web.PageAsync);
        Get("/web/{file}", web.FileAsync);
        app.MapPrometheusScrapingEndpoint("/metrics");
        Get("/health", about.HealthAsync);
        Get("/health/live", About.LiveAsync);
        Get("/health/ready", about.HealthAsync);
        Get("/props", about.PropsAsync);
        Get("/v1/models", about.ModelsAsync);
        Get("/v1/models/{*name}", about.ModelAsync);
        Get("/tokenizer_info", tools.DescribeTokenizerAsync);
        Post("/tokenize", tools.TokenizeAsync);
        Post("/detokenize", tools.DetokenizeAsync);
        Post("/apply-template", tools.ApplyTemplateAsync);
        Post("/v1/embeddings", tools.EmbedAsync);
        Post("/v1/chat/completions", chat.AnswerAsync);
        Post("/v1/completions", text.AnswerAsync);
        SessionApi sessions = app.Services.GetRequiredService<SessionApi>();
        Get("/v1/sessions", sessions.ListAsync);
        Post("/v1/sessions", sessions.CreateAsync);
        Get("/v1/sessions/{id}", sessions.ShowAsync);
        app.MapDelete("/v1/sessions/{id}", (RequestDelegate)sessions.DeleteAsync);
        Post("/v1/sessions/{id}/save", sessions.SaveAsync);
        Post("/v1/sessions/{id}/restore", sessions.RestoreAsync);
        Post("/v1/sessions/{id}/fork", sessions.ForkAsync);
        Post("/v1/sessions/{id}/rewind", sessions.RewindAsync);
        OllamaApi ollama = app.Services.GetRequiredService<OllamaApi>();
        Get("/api/version", OllamaApi.VersionAsync);
        Get("/api/tags", ollama.TagsAsync);
        Post("/api/show", ollama.ShowAsync);
        Post("/api/chat", ollama.ChatAsync);
        Post("/api/generate", ollama.GenerateAsync);

        void Get(string route, RequestDelegate answer) => app.MapMethods(route, [HttpMethods.Get, HttpMethods.Head], answer);

        void Post(string route, RequestDelegate answer)
        {
            IEndpointConventionBuilder endpoint = app.MapPost(route, answer);
            if (options.RequestTimeout is { } timeout)
                _ = endpoint.WithRequestTimeout(timeout);
        }
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options, X509Certificate2? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        Action<ListenOptions> listen = certificate is null ? _ => { } : endpoint => endpoint.UseHttps(certificate);
        if (options.Host == "localhost")
            kestrel.ListenLocalhost(options.Port, listen);
        else if (System.Net.IPAddress.TryParse(options.Host, out System.Net.IPAddress? address))
            kestrel.Listen(address, options.Port, listen);
        else
            throw new ServerOptionsException($"Host is {options.Host}; allowed: an address of this machine, as 127.0.0.1, ::1 or 0.0.0.0, or localhost.");
    }

    private static ConversationOptions? Bake(HymbaEngine engine, ServerOptions options)
    {
        if (options.Baked is null)
            return null;
        HymbaSession session = engine.Model.RestoreSession(options.Baked);
        if (Conversation.OptionsOf(session) is not { } conversation)
        {
            session.Dispose();
            throw new ServerOptionsException($"{options.Baked} holds a session, not what 'hymba bake' writes.");
        }
        engine.KeepState(session, isPinned: true);
        return conversation;
    }

    private static X509Certificate2? Certificate(ServerOptions options)
    {
        if (options.TlsCertificate is null)
            return null;
        try
        {
            return X509Certificate2.CreateFromPemFile(options.TlsCertificate, options.TlsKey);
        }
        catch (Exception error) when (error is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ServerOptionsException($"The certificate {options.TlsCertificate} with the key {options.TlsKey} can't be used: {error.Message}", error);
        }
    }

    private static void Allow(Microsoft.AspNetCore.Cors.Infrastructure.CorsPolicyBuilder policy, IReadOnlyList<string> origins)
    {
        _ = origins.Contains("*") ? policy.AllowAnyOrigin() : policy.WithOrigins([.. origins]);
        _ = policy.WithMethods("GET", "POST", "DELETE").WithHeaders("Authorization", "Content-Type").WithExposedHeaders("Retry-After");
    }

    private static void Limit(Microsoft.AspNetCore.RateLimiting.RateLimiterOptions limiter, int perMinute)
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => HttpMethods.IsPost(context.Request.Method)
            ? RateLimitPartition.GetTokenBucketLimiter(context.Items[Keys.Item] as string ?? $"{context.Connection.RemoteIpAddress}", _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = perMinute,
                TokensPerPeriod = perMinute,
                ReplenishmentPeriod = TimeSpan.FromMinutes(1),
            })
            : RateLimitPartition.GetNoLimiter(""));
        limiter.OnRejected = (rejected, _) => throw new ApiException(429, "rate_limit_error", $"More than {perMinute} requests in a minute were made with this key.", code: "rate_limit_exceeded")
        {
            RetryAfter = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? wait : TimeSpan.FromMinutes(1),
        };
    }
}
