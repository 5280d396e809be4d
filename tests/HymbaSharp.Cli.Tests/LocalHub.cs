using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HymbaSharp.Cli.Tests;

/// <summary>A hub on a free port of this machine that has one repository and answers one request per connection.</summary>
internal sealed class LocalHub : IDisposable
{
    public const string Repository = "nvidia/Hymba-tiny";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();

    public LocalHub(int weights = 20_000_000)
    {
        Files["model.safetensors"] = new byte[weights];
        new Random(1).NextBytes(Files["model.safetensors"]);
        _listener.Start();
        _ = AcceptAsync();
    }

    public Dictionary<string, byte[]> Files { get; } = new() { ["config.json"] = "{\"model_type\":\"hymba\"}"u8.ToArray(), ["tokenizer.json"] = "{}"u8.ToArray() };

    /// <summary>After so many bytes of a body the hub falls silent.</summary>
    public int SilentAfter { get; set; } = int.MaxValue;

    /// <summary>Completed when it has fallen silent.</summary>
    public TaskCompletionSource Silent { get; } = new();

    /// <summary>The heads of the requests received.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        CancellationToken stop = _stop.Token;
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(stop), stop);
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            return;
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken stop)
    {
        using TcpClient connection = client;
        try
        {
            NetworkStream stream = connection.GetStream();
            using StreamReader reader = new(stream, Encoding.Latin1, leaveOpen: true);
            StringBuilder head = new();
            while (await reader.ReadLineAsync(stop) is { Length: > 0 } line)
                _ = head.Append(line).Append('\n');
            Requests.Enqueue(head.ToString());
            await AnswerAsync(stream, head.ToString(), stop);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            return;
        }
    }

    private async Task AnswerAsync(NetworkStream stream, string request, CancellationToken stop)
    {
        string target = request.Split(' ')[1];
        string name = target[(target.LastIndexOf('/') + 1)..];
        byte[]? body = target.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal) ? Listing()
            : target.StartsWith($"/{Repository}/resolve/{Commit}/", StringComparison.Ordinal) ? Files.GetValueOrDefault(name)
            : null;
        int total = body?.Length ?? 0, from = 0, to = total - 1;
        if (request.Split('\n').FirstOrDefault(line => line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase)) is { } range)
        {
            string[] ends = range.Split('=')[1].Split('-');
            from = int.Parse(ends[0]);
            to = ends[1].Length > 0 ? Math.Min(int.Parse(ends[1]), to) : to;
        }
        bool isPart = to - from + 1 < total;
        string status = body is null ? "404 Not Found" : isPart ? "206 Partial Content" : "200 OK";
        string headers = $"HTTP/1.1 {status}\r\nContent-Length: {to - from + 1}\r\nConnection: close\r\n"
            + (isPart ? $"Content-Range: bytes {from}-{to}/{total}\r\n" : "")
            + (Files.ContainsKey(name) ? $"ETag: \"{Etag(name)}\"\r\n" : "");
        await stream.WriteAsync(Encoding.Latin1.GetBytes(headers + "\r\n"), stop);
        if (body is null || request.StartsWith("HEAD", StringComparison.Ordinal))
            return;
        int sent = Math.Min(SilentAfter, to - from + 1);
        await stream.WriteAsync(body.AsMemory(from, sent), stop);
        if (sent < to - from + 1)
        {
            _ = Silent.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop);
        }
    }

    private byte[] Listing() => JsonSerializer.SerializeToUtf8Bytes(new
    {
        id = Repository,
        sha = Commit,
        siblings = Files.Select(file => IsWeights(file.Key)
            ? (object)new { rfilename = file.Key, size = file.Value.Length, blobId = new string('b', 40), lfs = new { sha256 = Etag(file.Key), size = file.Value.Length } }
            : new { rfilename = file.Key, size = file.Value.Length, blobId = Etag(file.Key) }),
    });

    private string Etag(string name) => IsWeights(name)
        ? Convert.ToHexStringLower(SHA256.HashData(Files[name]))
        : Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1, [.. Encoding.ASCII.GetBytes($"blob {Files[name].Length}\0"), .. Files[name]]));

    private static bool IsWeights(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal);
}
