using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace HymbaSharp.Tests.Checkpoints.Hub;

internal sealed record Request(string Method, string Target, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>First and last byte asked for.</summary>
    public (long From, long To)? Range => Header("Range") is { } range && range["bytes=".Length..].Split('-') is [var from, var to]
        ? (long.Parse(from), long.Parse(to)) : null;
}

internal sealed record Reply(int Status, byte[] Body)
{
    public Reply(int status, string body = "") : this(status, Encoding.UTF8.GetBytes(body))
    {
    }

    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>What Content-Length claims.</summary>
    public long ContentLength { get; init; } = Body.Length;

    /// <summary>No Content-Length: the body ends with the connection.</summary>
    public bool UntilClose { get; init; }

    /// <summary>The connection ends after so many bytes of the body.</summary>
    public int? DropAfter { get; init; }

    /// <summary>Whether it ends by a reset and not by an orderly close.</summary>
    public bool Reset { get; init; }

    /// <summary>After so many bytes of the body, the rest waits for <see cref="Gate"/>.</summary>
    public int? GateAfter { get; init; }

    public Task Gate { get; init; } = Task.CompletedTask;
}

/// <summary>A web server on a free port of this machine that says what a test makes it say, broken or not.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Request, Reply> _answer;

    public LoopbackServer(Func<Request, Reply> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public ConcurrentQueue<Request> Requests { get; } = new();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient connection = client;
        connection.NoDelay = true;
        try
        {
            NetworkStream stream = connection.GetStream();
            while (await ReadAsync(stream) is { } request)
            {
                Requests.Enqueue(request);
                if (!await WriteAsync(connection, stream, request, _answer(request)))
                    return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away or the test is over.
            return;
        }
    }

    private async Task<Request?> ReadAsync(NetworkStream stream)
    {
        StringBuilder head = new();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
                return null;
            head.Append((char)one[0]);
        }
        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        return lines[0].Split(' ') is [var method, var target, _] ? new(method, target, headers) : null;
    }

    private async Task<bool> WriteAsync(TcpClient connection, NetworkStream stream, Request request, Reply reply)
    {
        StringBuilder head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {reply.Status} Status\r\n");
        foreach ((string name, string value) in reply.Headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        if (!reply.UntilClose)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {reply.ContentLength}\r\n");
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), _stop.Token);
        if (request.Method != "HEAD")
        {
            byte[] body = reply.DropAfter is { } length ? reply.Body[..Math.Min(length, reply.Body.Length)] : reply.Body;
            int gate = Math.Min(reply.GateAfter ?? body.Length, body.Length);
            await stream.WriteAsync(body.AsMemory(0, gate), _stop.Token);
            if (reply.GateAfter is not null)
                await reply.Gate.WaitAsync(_stop.Token);
            await stream.WriteAsync(body.AsMemory(gate), _stop.Token);
        }
        if (reply is { DropAfter: not null, Reset: true })
        {
            await Task.Delay(20, _stop.Token); // a reset overtakes what is still in the buffers
            connection.LingerState = new(true, 0);
        }
        return reply is { DropAfter: null, UntilClose: false } && (request.Method == "HEAD" || reply.ContentLength == reply.Body.Length);
    }
}
