using System.Security.Cryptography;
using HymbaSharp.Server.Api;

namespace HymbaSharp.Server.Operations;

/// <summary>The chat's page at /, and what it is made of at /web: files that lie in the assembly.</summary>
internal sealed class WebFiles
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly Dictionary<string, (byte[] Content, string ETag)> _files = [];

    public WebFiles()
    {
        foreach (string name in typeof(WebFiles).Assembly.GetManifestResourceNames().Where(name => TypeOf(name) is not null))
        {
            using Stream stream = typeof(WebFiles).Assembly.GetManifestResourceStream(name)!;
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            _files[name] = (content, $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"");
        }
    }

    public Task PageAsync(HttpContext context) => WriteAsync(context, "index.html");

    public Task FileAsync(HttpContext context) => WriteAsync(context, $"{context.Request.RouteValues["file"]}");

    private async Task WriteAsync(HttpContext context, string name)
    {
        if (!_files.TryGetValue(name, out (byte[] Content, string ETag) file))
            throw new ApiException(404, "invalid_request_error", $"There is nothing at {context.Request.Path}.", code: "not_found");
        HttpResponse response = context.Response;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = file.ETag;
        if (context.Request.Headers.IfNoneMatch == file.ETag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = TypeOf(name);
        response.ContentLength = file.Content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(file.Content, context.RequestAborted);
    }

    private static string? TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => null,
    };
}
