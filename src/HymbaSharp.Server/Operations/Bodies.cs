using HymbaSharp.Server.Api;
using Microsoft.AspNetCore.Http.Features;

namespace HymbaSharp.Server.Operations;

/// <summary>Refuses bodies that are too large so that the client hears of it: one that is still sending reads no answer.</summary>
internal sealed class Bodies(int maxBytes)
{
    // More than this is cut off by the connection's end.
    private const long MostDiscarded = 64 << 20;

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.ContentLength is { } length && length > maxBytes)
        {
            if (length <= MostDiscarded && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            {
                limit.MaxRequestBodySize = MostDiscarded;
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            }
            throw new ApiException(413, "invalid_request_error", $"The body has {length} bytes, which is too large: at most {maxBytes} are allowed.", code: "body_too_large");
        }
        await next(context);
    }
}
