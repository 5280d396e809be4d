using HymbaSharp.Batching;

namespace HymbaSharp.Server.Api;

/// <summary>What the server is and how it is.</summary>
internal sealed class About(ServedModel model)
{
    private static readonly string Version = typeof(About).Assembly.GetName().Version!.ToString(3);

    /// <summary><c>GET /health</c>, <c>/health/ready</c>: 200 where requests are taken, 503 where the server is ending.</summary>
    public Task HealthAsync(HttpContext context)
    {
        context.Response.StatusCode = model.Engine.IsOpen ? 200 : 503;
        return context.Response.WriteAsJsonAsync(new Health(model.Engine.IsOpen ? "ok" : "ending"), ServerJson.Plain.Health, cancellationToken: context.RequestAborted);
    }

    /// <summary><c>GET /health/live</c>: that the process answers.</summary>
    public static Task LiveAsync(HttpContext context) => context.Response.WriteAsJsonAsync(new Health("ok"), ServerJson.Plain.Health, cancellationToken: context.RequestAborted);

    /// <summary><c>GET /props</c>.</summary>
    public Task PropsAsync(HttpContext context)
    {
        HymbaModel hymba = model.Model;
        EngineStatus status = model.Engine.Status;
        Props props = new(
            model.Name, model.Fingerprint, Version, hymba.ContextLength, hymba.Config.VocabularySize, hymba.IsQuantized, hymba.KernelPath.ToString().ToLowerInvariant(), hymba.Threads,
            model.Engine.MaxSequences, status.Running, status.Waiting, status.ReservedBytes, status.StateBytes, status.Prefixes, status.PrefixBytes, model.CanChat);
        return context.Response.WriteAsJsonAsync(props, ServerJson.Plain.Props, cancellationToken: context.RequestAborted);
    }

    /// <summary><c>GET /v1/models</c>.</summary>
    public Task ModelsAsync(HttpContext context) => context.Response.WriteAsJsonAsync(new ModelList("list", [Entry]), ServerJson.Plain.ModelList, cancellationToken: context.RequestAborted);

    /// <summary><c>GET /v1/models/NAME</c>.</summary>
    public Task ModelAsync(HttpContext context)
    {
        string asked = $"{context.Request.RouteValues["name"]}";
        return asked == model.Name
            ? context.Response.WriteAsJsonAsync(Entry, ServerJson.Plain.ModelEntry, cancellationToken: context.RequestAborted)
            : throw new ApiException(404, "invalid_request_error", $"There is no model '{asked}' here; '{model.Name}' is served.", "model", "model_not_found");
    }

    private ModelEntry Entry => new(model.Name, "model", model.Created, "hymbasharp", model.Model.ContextLength);
}
