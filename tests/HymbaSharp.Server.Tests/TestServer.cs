using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using HymbaSharp.Batching;

namespace HymbaSharp.Server.Tests;

/// <summary>The demonstration model served on a free port, and a client of it.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly HymbaServer _server;

    private TestServer(HymbaModel model, HymbaEngine engine, HymbaServer server)
    {
        (Model, Engine, _server) = (model, engine, server);
        // A client that goes in the middle of a reply is to be gone: by itself the handler would read on for two seconds.
        Client = new HttpClient(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = server.Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public HymbaModel Model { get; }

    public HymbaEngine Engine { get; }

    public HttpClient Client { get; }

    public Uri Address => _server.Address;

    /// <summary>The repository's folder.</summary>
    public static string Root
    {
        get
        {
            DirectoryInfo? folder = new(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "HymbaSharp.slnx")))
                folder = folder.Parent;
            return folder!.FullName;
        }
    }

    public static string DemoFolder => Path.Combine(Root, "models", "hymba-demo");

    public static async Task<TestServer> StartAsync(ServerOptions? options = null, HymbaEngineOptions? engineOptions = null, HymbaModelOptions? modelOptions = null)
    {
        HymbaModel model = HymbaModel.Load(DemoFolder, modelOptions ?? new HymbaModelOptions { Threads = 2, UseCache = false });
        HymbaEngine engine = new(model, engineOptions);
        HymbaServer server = HymbaServer.Create(engine, (options ?? new ServerOptions()) with { Port = 0 });
        await server.StartAsync(TestContext.Current.CancellationToken);
        return new TestServer(model, engine, server);
    }

    /// <summary>Waits until something is so; not for ever.</summary>
    public static async Task UntilAsync(Func<bool> isSo, [CallerArgumentExpression(nameof(isSo))] string what = "")
    {
        for (long start = Stopwatch.GetTimestamp(); !isSo(); await Task.Delay(1, TestContext.Current.CancellationToken))
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"still not: {what}");
    }

    public Task StopAsync() => _server.StopAsync();

    public async Task<HttpResponseMessage> PostAsync(string path, string json, string? key = null, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await Client.SendAsync(request, completion, TestContext.Current.CancellationToken);
    }

    /// <summary>Posts what is to be answered, and returns the answer.</summary>
    public async Task<JsonElement> AskAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }

    /// <summary>Posts what is to be refused, and returns the error object.</summary>
    public async Task<JsonElement> RefusedAsync(string path, string json, int status = 400)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal((status, text), ((int)response.StatusCode, text));
        return JsonElement.Parse(text).GetProperty("error");
    }

    /// <summary>Posts, and returns the events of the stream up to [DONE].</summary>
    public async Task<List<JsonElement>> StreamAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        string[] events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, line => Assert.StartsWith("data: ", line, StringComparison.Ordinal));
        Assert.Equal("data: [DONE]", events[^1]);
        return [.. events[..^1].Select(line => JsonElement.Parse(line["data: ".Length..]))];
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        Engine.Dispose();
        Model.Dispose();
    }
}

/// <summary>One server for the tests of a class, and a temperature of 0 to compare by.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
