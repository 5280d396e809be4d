using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using HymbaSharp.Batching;
using HymbaSharp.Chat;

namespace HymbaSharp.Server.Tests;

public sealed class HymbaServerTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Short = """{"messages": [{"role": "user", "content": "What are you?"}], "max_tokens": 2}""";
    private const string Endless = """{"messages": [{"role": "user", "content": "What are you?"}], "ignore_eos": true, "stream": true}""";

    [Fact]
    public async Task Every_route_but_health_asks_for_a_key()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeys = ["first-key", "second-key"] });
        foreach (string route in (string[])["/v1/models", "/props", "/tokenizer_info", "/nothing", "/"])
        {
            using HttpResponseMessage refused = await server.Client.GetAsync(route, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.NotEmpty(refused.Headers.WwwAuthenticate);
            Assert.Contains("invalid_api_key", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        foreach (string? key in (string?[])[null, "", "first-ke", "first-key2", "FIRST-KEY"])
        {
            using HttpResponseMessage refused = await server.PostAsync(Chat, Short, key);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }
        foreach (string key in (string[])["first-key", "second-key"])
        {
            using HttpResponseMessage answered = await server.PostAsync(Chat, Short, key);
            Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        }
        using HttpRequestMessage basic = new(HttpMethod.Get, "/v1/models");
        basic.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("me:second-key")));
        using HttpResponseMessage known = await server.Client.SendAsync(basic, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, known.StatusCode);
        Assert.Contains("ok", await server.Client.GetStringAsync("/health", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_goes_away_frees_its_place()
    {
        await using TestServer server = await TestServer.StartAsync(engineOptions: new HymbaEngineOptions { MaxSequences = 1, MaxWaiting = 0 });
        using (HttpResponseMessage endless = await server.PostAsync(Chat, Endless, completion: HttpCompletionOption.ResponseHeadersRead))
        {
            await using Stream stream = await endless.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            _ = await stream.ReadAsync(new byte[100], TestContext.Current.CancellationToken);
            await TestServer.UntilAsync(() => server.Engine.Status.Running > 0);
        }
        await TestServer.UntilAsync(() => server.Engine.Status.Running == 0);
        _ = await server.AskAsync(Chat, Short);
    }

    [Fact]
    public async Task Where_no_more_may_wait_a_client_is_told_when_to_come_back()
    {
        await using TestServer server = await TestServer.StartAsync(engineOptions: new HymbaEngineOptions { MaxSequences = 1, MaxWaiting = 0 });
        using HttpResponseMessage endless = await server.PostAsync(Chat, Endless, completion: HttpCompletionOption.ResponseHeadersRead);
        await TestServer.UntilAsync(() => server.Engine.Status.Running > 0);
        using HttpResponseMessage refused = await server.PostAsync(Chat, Short);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.True(refused.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        Assert.Contains("queue_full", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_key_has_so_many_requests_a_minute()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeys = ["first-key", "second-key"], RequestsPerMinute = 2 });
        List<HttpStatusCode> codes = [];
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await server.PostAsync(Chat, Short, "first-key");
            codes.Add(response.StatusCode);
            if (i == 2)
            {
                Assert.NotNull(response.Headers.RetryAfter);
                Assert.Contains("rate_limit_exceeded", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            }
        }
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], codes);
        using HttpResponseMessage other = await server.PostAsync(Chat, Short, "second-key");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_ended()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { RequestTimeout = TimeSpan.FromMilliseconds(200) }, modelOptions: new HymbaModelOptions { Threads = 1, UseCache = false, ContextLength = 1 << 20 });
        string forever = Endless.Replace("\"stream\": true", "\"stream\": false", StringComparison.Ordinal);
        JsonElement error = await server.RefusedAsync(Chat, forever, 504);
        Assert.Equal("timeout", error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Ending_waits_for_what_is_under_way()
    {
        await using TestServer server = await TestServer.StartAsync();
        Task<JsonElement> asked = server.AskAsync(Chat, """{"messages": [{"role": "user", "content": "What are you?"}], "ignore_eos": true, "max_tokens": 1500}""");
        await TestServer.UntilAsync(() => server.Engine.Status.Running > 0);
        await server.StopAsync();
        Assert.Equal(1500, (await asked).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Pages_of_other_origins_may_ask_where_allowed()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { CorsOrigins = ["https://example.org"], ApiKeys = ["first-key"] });
        foreach ((string origin, bool allowed) in ((string, bool)[])[("https://example.org", true), ("https://example.com", false)])
        {
            using HttpRequestMessage preflight = new(HttpMethod.Options, Chat);
            preflight.Headers.Add("Origin", origin);
            preflight.Headers.Add("Access-Control-Request-Method", "POST");
            preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
            using HttpResponseMessage response = await server.Client.SendAsync(preflight, TestContext.Current.CancellationToken);
            Assert.Equal(allowed, response.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task The_page_and_all_that_it_names_are_served_under_a_strict_policy()
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpResponseMessage page = await server.Client.GetAsync("/", TestContext.Current.CancellationToken);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("default-src 'none'", Assert.Single(page.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Queue<string> names = new(System.Text.RegularExpressions.Regex.Matches(await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), "(?:href|src)=\"(web/[^\"]+)\"").Select(match => match.Groups[1].Value));
        HashSet<string> seen = [];
        while (names.TryDequeue(out string? name))
        {
            if (!seen.Add(name))
                continue;
            using HttpResponseMessage file = await server.Client.GetAsync(name, TestContext.Current.CancellationToken);
            Assert.True(file.IsSuccessStatusCode, name);
            Assert.Equal(name.EndsWith(".js", StringComparison.Ordinal), file.Content.Headers.ContentType!.MediaType == "text/javascript");
            foreach (System.Text.RegularExpressions.Match import in System.Text.RegularExpressions.Regex.Matches(await file.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), "from ['\"]\\./([^'\"]+)['\"]"))
                names.Enqueue("web/" + import.Groups[1].Value);
            using HttpRequestMessage again = new(HttpMethod.Get, name);
            again.Headers.IfNoneMatch.Add(file.Headers.ETag!);
            using HttpResponseMessage unchanged = await server.Client.SendAsync(again, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        }
        Assert.True(seen.Count > 20, string.Join(' ', seen));
        using HttpResponseMessage outside = await server.Client.GetAsync("/web/..%2fServerOptions.cs", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
    }

    [Fact]
    public async Task What_was_baked_is_what_chats_begin_with()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("hymba-baked-").FullName, "made.state");
        ConversationOptions beginning = new() { System = "Answer from the context.", Contexts = ["Mira Quell lives in Tallow. She keeps 12 bees."] };
        int tokens;
        using (HymbaModel model = HymbaModel.Load(TestServer.DemoFolder, new HymbaModelOptions { UseCache = false }))
        using (Conversation conversation = new(model, beginning))
        {
            tokens = await conversation.PrepareAsync(TestContext.Current.CancellationToken);
            conversation.Save(file);
        }
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { Baked = file }, new HymbaEngineOptions { PrefixBytes = 0 });
        for (int i = 0; i < 2; i++)
        {
            JsonElement reply = await server.AskAsync(Chat, """{"messages": [{"role": "user", "content": "Where does Mira live?"}], "temperature": 0}""");
            Assert.Equal("In Tallow.", reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
            Assert.Equal(tokens, reply.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
        }
        JsonElement own = await server.AskAsync(Chat, """{"messages": [{"role": "user", "content": "Where does Mira live?"}], "contexts": ["Mira Quell lives in Dell."], "temperature": 0}""");
        Assert.Equal("In Dell.", own.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task Wrong_routes_and_methods_get_the_error_object()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal("not_found", (await server.RefusedAsync("/v1/nothing", "{}", 404)).GetProperty("code").GetString());
        using HttpResponseMessage get = await server.Client.GetAsync(Chat, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        Assert.Contains("method_not_allowed", await get.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_at_once_get_what_each_gets_alone()
    {
        await using TestServer server = await TestServer.StartAsync();
        string[] requests = [.. Enumerable.Range(0, 24).Select(i => $$"""{"messages": [{"role": "user", "content": "How much is {{i}} and {{3 * i}}?"}], "temperature": 0, "max_tokens": 24}""")];
        string[] alone = new string[requests.Length];
        for (int i = 0; i < requests.Length; i++)
            alone[i] = Said(await server.AskAsync(Chat, requests[i]));
        await using TestServer other = await TestServer.StartAsync();
        JsonElement[] together = await Task.WhenAll(requests.Select(request => other.AskAsync(Chat, request)));
        Assert.Equal(alone, together.Select(Said));

        static string Said(JsonElement reply) => reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        foreach ((ServerOptions options, string name) in ((ServerOptions, string)[])
        [
            (new ServerOptions { Port = 70000 }, "Port is 70000"), (new ServerOptions { MaxBodyBytes = 1 }, "MaxBodyBytes is 1"),
            (new ServerOptions { ApiKeys = ["a b"] }, "ApiKeys is a key"), (new ServerOptions { CorsOrigins = ["example"] }, "CorsOrigins is example"),
            (new ServerOptions { TlsCertificate = "x" }, "TlsKey is null"), (new ServerOptions { RequestsPerMinute = 0 }, "RequestsPerMinute is 0"),
        ])
            Assert.StartsWith(name, Assert.Throws<ServerOptionsException>(options.Validate).Message, StringComparison.Ordinal);
    }
}
