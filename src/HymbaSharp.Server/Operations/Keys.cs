using System.Security.Cryptography;
using System.Text;
using HymbaSharp.Server.Api;

namespace HymbaSharp.Server.Operations;

/// <summary>Lets requests pass that carry one of the keys; every route but /health asks for one. How long a refusal takes says nothing about the keys.</summary>
internal sealed class Keys
{
    /// <summary>Under which a request's key is found: its hash, so that no key lies about.</summary>
    public const string Item = "hymba.key";

    private readonly byte[][] _hashes;

    public Keys(IReadOnlyList<string> keys) => _hashes = [.. keys.Select(key => SHA256.HashData(Encoding.UTF8.GetBytes(key)))];

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (_hashes.Length == 0 || context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) || IsPreflight(context.Request))
            return next(context);
        byte[] given = SHA256.HashData(Encoding.UTF8.GetBytes(KeyOf(context.Request)));
        bool isKnown = false;
        foreach (byte[] hash in _hashes)
            isKnown |= CryptographicOperations.FixedTimeEquals(hash, given);
        if (isKnown)
        {
            context.Items[Item] = Convert.ToHexString(given);
            return next(context);
        }
        // A browser that opens the page asks the person; any name will do, the password is the key.
        context.Response.Headers.WWWAuthenticate = context.Request.Path.StartsWithSegments("/v1") || context.Request.Path.StartsWithSegments("/api") ? "Bearer" : "Basic realm=\"Hymba: the key is the password\"";
        throw new ApiException(401, "invalid_request_error", "The key is missing or none of this server's: send 'Authorization: Bearer KEY'.", code: "invalid_api_key");
    }

    private static bool IsPreflight(HttpRequest request) => HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey("Access-Control-Request-Method");

    private static string KeyOf(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return header["Bearer ".Length..].Trim();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return "";
        byte[] bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header["Basic ".Length..].Trim(), bytes, out int written))
            return "";
        string pair = Encoding.UTF8.GetString(bytes, 0, written);
        return pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..];
    }
}
