using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace HymbaSharp.Server.Tests;

/// <summary>Clients that keep to no protocol, and the one that asks for TLS.</summary>
public sealed class HostileClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Chat = "/v1/chat/completions";
    private const string Short = """{"messages": [{"role": "user", "content": "What are you?"}], "max_tokens": 2}""";

    [Theory]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"mes\r\n")]
    public async Task A_body_that_does_not_come_is_given_up(string begun)
    {
        using TcpClient client = await ConnectAsync();
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(begun), TestContext.Current.CancellationToken);
        // Others are served meanwhile.
        _ = await fixture.Server.AskAsync(Chat, Short);
        string answer = await ReadAsync(stream);
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NOTHING\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\nHost: x\r\n\r\n")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n")]
    public async Task What_is_no_request_is_refused(string bytes)
    {
        using TcpClient client = await ConnectAsync();
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(bytes), TestContext.Current.CancellationToken);
        Assert.Matches("^HTTP/1.1 (400|505)", await ReadAsync(stream));
        _ = await fixture.Server.AskAsync(Chat, Short);
    }

    [Fact]
    public async Task Clients_that_vanish_leave_nothing_behind()
    {
        const string body = """{"messages": [{"role": "user", "content": "What are you?"}], "ignore_eos": true, "stream": true}""";
        byte[] request = Encoding.ASCII.GetBytes($"POST {Chat} HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        for (int i = 0; i < 20; i++)
        {
            using TcpClient client = await ConnectAsync();
            client.LingerState = new LingerOption(true, 0);
            NetworkStream stream = client.GetStream();
            // Some in the middle of the request, some in the middle of the answer.
            await stream.WriteAsync(request.AsMemory(0, i % 2 == 0 ? request.Length : 20 + (7 * i)), TestContext.Current.CancellationToken);
            if (i % 4 == 0)
                _ = await stream.ReadAsync(new byte[200], TestContext.Current.CancellationToken);
        }
        await TestServer.UntilAsync(() => fixture.Server.Engine.Status is { Running: 0, Waiting: 0 });
        _ = await fixture.Server.AskAsync(Chat, Short);
    }

    [Fact]
    public async Task TLS_is_spoken_with_a_certificate()
    {
        string folder = Directory.CreateTempSubdirectory("hymba-tls-").FullName;
        string certificateFile = Path.Combine(folder, "cert.pem"), keyFile = Path.Combine(folder, "key.pem");
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { TlsCertificate = certificateFile, TlsKey = keyFile });
        Assert.Equal("https", server.Address.Scheme);
        using HttpClientHandler handler = new() { ServerCertificateCustomValidationCallback = (_, presented, _, _) => presented!.Thumbprint == certificate.Thumbprint };
        using HttpClient client = new(handler) { BaseAddress = server.Address };
        Assert.Contains("ok", await client.GetStringAsync("/health", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Throws<ServerOptionsException>(() => HymbaServer.Create(server.Engine, new ServerOptions { TlsCertificate = keyFile, TlsKey = keyFile }));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        await using HymbaServer second = HymbaServer.Create(fixture.Server.Engine, new ServerOptions { Port = fixture.Server.Address.Port });
        ServerOptionsException error = await Assert.ThrowsAsync<ServerOptionsException>(() => second.StartAsync(TestContext.Current.CancellationToken));
        Assert.Contains($"port {fixture.Server.Address.Port}", error.Message, StringComparison.Ordinal);
        Assert.Contains("Host is nowhere", Assert.Throws<ServerOptionsException>(() => HymbaServer.Create(fixture.Server.Engine, new ServerOptions { Host = "nowhere" }).StartAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult()).Message, StringComparison.Ordinal);
    }

    private async Task<TcpClient> ConnectAsync()
    {
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, fixture.Server.Address.Port, TestContext.Current.CancellationToken);
        return client;
    }

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        using StreamReader reader = new(stream);
        char[] answer = new char[200];
        return new string(answer, 0, await reader.ReadAsync(answer.AsMemory(), TestContext.Current.CancellationToken));
    }
}
