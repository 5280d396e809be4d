using System.Collections;
using HymbaSharp.Batching;
using Microsoft.Extensions.Configuration;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace HymbaSharp.Server.Operations;

/// <summary>
/// Measurements at /metrics, and traces and measurements to a collector where the environment names one
/// (OTEL_EXPORTER_OTLP_ENDPOINT and its siblings, opentelemetry.io/docs/specs/otel/protocol/exporter).
/// </summary>
internal static class Telemetry
{
    public static void Add(WebApplicationBuilder builder, string modelName)
    {
        bool hasCollector = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"));
        // The exporters look for their settings in the configuration, which is empty but for these.
        _ = builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => $"{variable.Key}".StartsWith("OTEL_", StringComparison.Ordinal))
            .Select(variable => KeyValuePair.Create($"{variable.Key}", variable.Value?.ToString())));
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("hymba").AddAttributes([new("hymba.model", modelName)]))
            .WithMetrics(metrics =>
            {
                _ = metrics.AddMeter(HymbaEngine.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddPrometheusExporter();
                if (hasCollector)
                    _ = metrics.AddOtlpExporter();
            });
        if (hasCollector)
            _ = telemetry.WithTracing(traces => traces.AddAspNetCoreInstrumentation().AddOtlpExporter());
    }
}
