using System.Net;
using System.Text.Json;

namespace HymbaSharp.Server.Tests.Sessions;

public sealed class SessionApiTests : IDisposable
{
    private const string Chat = "/v1/chat/completions";

    private readonly string _folder = Directory.CreateTempSubdirectory("hymba-sessions-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_session_remembers_what_was_said_and_computes_nothing_again()
    {
        await using TestServer server = await StartAsync();
        string id = await CreateAsync(server, """{"system": "Answer from the context.", "contexts": ["Mira Quell lives in Tallow. She keeps 12 bees."]}""");
        (string first, JsonElement usage) = await AskAsync(server, id, "Where does Mira live?");
        Assert.Equal("In Tallow.", first);
        (string second, JsonElement later) = await AskAsync(server, id, "How many bees does Mira keep?");
        Assert.Contains("12", second, StringComparison.Ordinal);
        Assert.True(Cached(later) >= usage.GetProperty("prompt_tokens").GetInt32(), $"{later}");
        JsonElement shown = JsonElement.Parse(await server.Client.GetStringAsync($"/v1/sessions/{id}", TestContext.Current.CancellationToken));
        Assert.Equal(4, shown.GetProperty("messages").GetInt32());
        Assert.True(shown.GetProperty("tokens").GetInt32() > 0);
    }

    [Fact]
    public async Task What_is_saved_outlives_the_server_and_computes_nothing_again()
    {
        string id;
        await using (TestServer server = await StartAsync())
        {
            id = await CreateAsync(server, """{"contexts": ["Mira Quell lives in Tallow. She keeps 12 bees."]}""");
            _ = await AskAsync(server, id, "Where does Mira live?");
            JsonElement saved = await server.AskAsync($"/v1/sessions/{id}/save", "{}");
            Assert.Equal(new FileInfo(Path.Combine(_folder, $"{id}.session")).Length, saved.GetProperty("saved_bytes").GetInt64());
            // Never told again: as if the process had been killed.
        }
        await using TestServer next = await StartAsync();
        (string said, JsonElement usage) = await AskAsync(next, id, "How many bees does Mira keep?");
        Assert.Contains("12", said, StringComparison.Ordinal);
        Assert.True(Cached(usage) > 40, $"{usage}");
    }

    [Fact]
    public async Task Restoring_forgets_what_was_said_since()
    {
        await using TestServer server = await StartAsync();
        string id = await CreateAsync(server, "{}");
        Assert.Equal("session_not_saved", (await server.RefusedAsync($"/v1/sessions/{id}/restore", "{}", 404)).GetProperty("code").GetString());
        _ = await AskAsync(server, id, "What are you?");
        _ = await server.AskAsync($"/v1/sessions/{id}/save", "{}");
        _ = await AskAsync(server, id, "Who made you?");
        Assert.Equal(2, (await server.AskAsync($"/v1/sessions/{id}/restore", "{}")).GetProperty("messages").GetInt32());
    }

    [Fact]
    public async Task A_fork_goes_its_own_way_and_a_rewind_back()
    {
        await using TestServer server = await StartAsync();
        string id = await CreateAsync(server, """{"contexts": ["Mira Quell lives in Tallow. She keeps 12 bees."]}""");
        _ = await AskAsync(server, id, "Where does Mira live?");
        string fork = (await server.AskAsync($"/v1/sessions/{id}/fork", "{}")).GetProperty("id").GetString()!;
        Assert.NotEqual(id, fork);
        (string forked, JsonElement usage) = await AskAsync(server, fork, "How many bees does Mira keep?");
        Assert.Contains("12", forked, StringComparison.Ordinal);
        Assert.True(Cached(usage) > 40);
        Assert.Equal(2, JsonElement.Parse(await server.Client.GetStringAsync($"/v1/sessions/{id}", TestContext.Current.CancellationToken)).GetProperty("messages").GetInt32());
        Assert.Equal(2, (await server.AskAsync($"/v1/sessions/{fork}/rewind", "{}")).GetProperty("messages").GetInt32());
        (string again, JsonElement rewound) = await AskAsync(server, fork, "How many bees does Mira keep?");
        Assert.Equal(forked, again);
        Assert.True(Cached(rewound) > 40);
        Assert.Equal(0, (await server.AskAsync($"/v1/sessions/{fork}/rewind", """{"messages": 0}""")).GetProperty("messages").GetInt32());
        Assert.Equal("messages", (await server.RefusedAsync($"/v1/sessions/{fork}/rewind", """{"messages": 1}""")).GetProperty("param").GetString());
    }

    [Fact]
    public async Task An_idle_session_goes_to_disk_and_comes_back()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { SessionFolder = _folder, SessionIdle = TimeSpan.FromMilliseconds(100) });
        string id = await CreateAsync(server, """{"contexts": ["Mira Quell lives in Tallow. She keeps 12 bees."]}""");
        _ = await AskAsync(server, id, "Where does Mira live?");
        await TestServer.UntilAsync(() => File.Exists(Path.Combine(_folder, $"{id}.session")));
        (string said, _) = await AskAsync(server, id, "How many bees does Mira keep?");
        Assert.Contains("12", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_ends_keeps_its_sessions()
    {
        string id;
        await using (TestServer server = await StartAsync())
        {
            id = await CreateAsync(server, "{}");
            _ = await AskAsync(server, id, "What are you?");
            await server.StopAsync();
        }
        await using TestServer next = await StartAsync();
        Assert.Equal(2, JsonElement.Parse(await next.Client.GetStringAsync($"/v1/sessions/{id}", TestContext.Current.CancellationToken)).GetProperty("messages").GetInt32());
    }

    [Fact]
    public async Task A_server_that_stops_at_once_has_written_its_sessions()
    {
        List<string> files = [];
        await using (TestServer server = await StartAsync())
        {
            for (int i = 0; i < 20; i++)
                files.Add($"{await CreateAsync(server, "{}")}.session");
        }
        Assert.Equal(files.Order(StringComparer.Ordinal), Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Another_keys_session_is_unknown()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { SessionFolder = _folder, ApiKeys = ["first-key", "second-key"] });
        using HttpResponseMessage made = await server.PostAsync("/v1/sessions", "{}", "first-key");
        string id = JsonElement.Parse(await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("id").GetString()!;
        foreach ((string key, HttpStatusCode status) in ((string, HttpStatusCode)[])[("second-key", HttpStatusCode.NotFound), ("first-key", HttpStatusCode.OK)])
        {
            using HttpResponseMessage response = await server.PostAsync($"/v1/sessions/{id}/save", "{}", key);
            Assert.Equal(status, response.StatusCode);
        }
        // Nor from its file.
        await using TestServer other = await TestServer.StartAsync(new ServerOptions { SessionFolder = _folder, ApiKeys = ["second-key"] });
        using HttpResponseMessage stolen = await other.PostAsync($"/v1/sessions/{id}/fork", "{}", "second-key");
        Assert.Equal(HttpStatusCode.NotFound, stolen.StatusCode);
    }

    [Fact]
    public async Task Damaged_and_foreign_files_are_refused()
    {
        await using TestServer server = await StartAsync();
        string id = await CreateAsync(server, "{}");
        _ = await AskAsync(server, id, "What are you?");
        _ = await server.AskAsync($"/v1/sessions/{id}/save", "{}");
        string file = Path.Combine(_folder, $"{id}.session");
        byte[] sound = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        foreach (byte[] damaged in (byte[][])[sound[..^1], sound[..(sound.Length / 2)], [], [.. sound.Select((b, i) => i == 5000 ? (byte)~b : b)]])
        {
            await File.WriteAllBytesAsync(file, damaged, TestContext.Current.CancellationToken);
            _ = await server.RefusedAsync($"/v1/sessions/{id}/restore", "{}");
        }
        string other = $"sess_{new string('0', 32)}";
        await File.WriteAllBytesAsync(Path.Combine(_folder, $"{other}.session"), sound, TestContext.Current.CancellationToken);
        using HttpResponseMessage foreign = await server.Client.GetAsync($"/v1/sessions/{other}", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
        foreach (string wrong in (string[])["sess_1", "..%2f..%2fetc%2fpasswd", $"sess_{new string('z', 32)}"])
        {
            using HttpResponseMessage unknown = await server.Client.GetAsync($"/v1/sessions/{wrong}", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        }
        Assert.Equal(2, JsonElement.Parse(await server.Client.GetStringAsync($"/v1/sessions/{id}", TestContext.Current.CancellationToken)).GetProperty("messages").GetInt32());
    }

    [Fact]
    public async Task A_session_answers_one_request_at_a_time_and_takes_no_half_reply()
    {
        await using TestServer server = await StartAsync();
        string id = await CreateAsync(server, "{}");
        string endless = $$"""{"session_id": "{{id}}", "messages": [{"role": "user", "content": "x"}], "ignore_eos": true, "stream": true}""";
        using (HttpResponseMessage streaming = await server.PostAsync(Chat, endless, completion: HttpCompletionOption.ResponseHeadersRead))
        {
            await using Stream stream = await streaming.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            _ = await stream.ReadAsync(new byte[10], TestContext.Current.CancellationToken);
            Assert.Equal("session_busy", (await server.RefusedAsync($"/v1/sessions/{id}/save", "{}", 409)).GetProperty("code").GetString());
        }
        await TestServer.UntilAsync(() => server.Engine.Status.Running == 0);
        HttpResponseMessage shown = await server.Client.GetAsync($"/v1/sessions/{id}", TestContext.Current.CancellationToken);
        for (int i = 0; i < 100 && shown.StatusCode == HttpStatusCode.Conflict; i++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            shown.Dispose();
            shown = await server.Client.GetAsync($"/v1/sessions/{id}", TestContext.Current.CancellationToken);
        }
        Assert.Equal(0, JsonElement.Parse(await shown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("messages").GetInt32());
        shown.Dispose();
    }

    [Fact]
    public async Task What_a_session_cannot_take_is_named()
    {
        await using TestServer server = await StartAsync();
        string id = await CreateAsync(server, "{}");
        Assert.Equal("n", (await server.RefusedAsync(Chat, $$"""{"session_id": "{{id}}", "messages": [{"role": "user", "content": "x"}], "n": 2}""")).GetProperty("param").GetString());
        Assert.Equal("session_id", (await server.RefusedAsync(Chat, $$"""{"session_id": "{{id}}", "messages": [{"role": "user", "content": "x"}], "contexts": ["y"]}""")).GetProperty("param").GetString());
        Assert.Equal("session_not_found", (await server.RefusedAsync(Chat, """{"session_id": "sess_1", "messages": [{"role": "user", "content": "x"}]}""", 404)).GetProperty("code").GetString());
        using HttpResponseMessage deleted = await server.Client.DeleteAsync($"/v1/sessions/{id}", TestContext.Current.CancellationToken);
        Assert.Contains("true", await deleted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("session_not_found", (await server.RefusedAsync($"/v1/sessions/{id}/save", "{}", 404)).GetProperty("code").GetString());
    }

    private static int Cached(JsonElement usage) => usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();

    private static async Task<string> CreateAsync(TestServer server, string request) => (await server.AskAsync("/v1/sessions", request)).GetProperty("id").GetString()!;

    private static async Task<(string Said, JsonElement Usage)> AskAsync(TestServer server, string id, string question)
    {
        JsonElement reply = await server.AskAsync(Chat, $$"""{"session_id": "{{id}}", "messages": [{"role": "user", "content": "{{question}}"}], "temperature": 0}""");
        return (reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!, reply.GetProperty("usage"));
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(new ServerOptions { SessionFolder = _folder });
}
