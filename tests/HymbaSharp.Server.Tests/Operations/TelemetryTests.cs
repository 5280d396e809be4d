using System.Globalization;
using System.Net;
using System.Text;
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

    [Fact]
    public async Task Traces_and_measurements_go_to_the_collector_that_the_environment_names()
    {
        using HttpListener collector = new();
        int port = 20_000 + Random.Shared.Next(20_000);
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        Dictionary<string, string> variables = new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{port}",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        };
        foreach ((string name, string value) in variables)
            Environment.SetEnvironmentVariable(name, value);
        try
        {
            await using TestServer server = await TestServer.StartAsync();
            _ = await server.AskAsync("/v1/chat/completions", Short);
            string traces = "", measurements = "";
            while (!traces.Contains("gen_ai.usage.output_tokens", StringComparison.Ordinal) || !measurements.Contains("hymba.time_to_first_token", StringComparison.Ordinal))
            {
                HttpListenerContext context = await collector.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
                using StreamReader reader = new(context.Request.InputStream, Encoding.Latin1);
                string body = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
                (traces, measurements) = context.Request.Url!.AbsolutePath == "/v1/traces" ? (traces + body, measurements) : (traces, measurements + body);
                context.Response.Close();
            }
            Assert.DoesNotContain("What are you", traces + measurements, StringComparison.Ordinal);
        }
        finally
        {
            foreach (string name in variables.Keys)
                Environment.SetEnvironmentVariable(name, null);
        }
    }
}
