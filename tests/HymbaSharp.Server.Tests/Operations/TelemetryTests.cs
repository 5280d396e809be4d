using System.Globalization;
using System.Text.Json;

namespace HymbaSharp.Server.Tests.Operations;

/// <summary>Not beside others: a process has one set of measurements.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class TelemetryTests
{
    private const string Short = """{"messages": [{"role": "user", "content": "What are you?"}], "max_tokens": 2}""";

    [Fact]
    public async Task Metrics_count_what_was_done()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement usage = (await server.AskAsync("/v1/chat/completions", Short)).GetProperty("usage");
        _ = await server.AskAsync("/v1/chat/completions", Short);
        string metrics = await server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal(2 * usage.GetProperty("prompt_tokens").GetInt32(), Value("hymba_prompt_tokens_total"));
        Assert.Equal(4, Value("hymba_generated_tokens_total"));
        Assert.True(Value("hymba_prompt_cached_tokens_total") > 0);
        Assert.Equal(2, Value("hymba_time_to_first_token_seconds_count"));
        Assert.Equal(2, Value("hymba_inter_token_latency_seconds_count"));
        Assert.Equal(0, Value("hymba_requests_waiting"));
        Assert.DoesNotContain("What are you", metrics, StringComparison.Ordinal);

        double Value(string name)
        {
            string? line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal));
            Assert.True(line is not null, $"{name} is not in:\n{metrics}");
            // name{labels} value timestamp
            string values = line.Contains('}', StringComparison.Ordinal) ? line[(line.LastIndexOf('}') + 1)..] : line[name.Length..];
            return double.Parse(values.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
        }
    }
}
