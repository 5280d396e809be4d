using System.CommandLine;
using HymbaSharp.Batching;
using HymbaSharp.Cli.Options;
using HymbaSharp.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HymbaSharp.Cli.Commands;

/// <summary>Serves a model until it is interrupted.</summary>
internal sealed class ServeCommand : ToolCommand
{
    private readonly ModelOptions _model;

    private readonly Option<string?> _host = new("--host") { HelpName = "ADDRESS", Description = "The address to listen on: 127.0.0.1 is this machine alone, 0.0.0.0 all of its networks. Default: 127.0.0.1." };
    private readonly Option<int?> _port = NumberOption.Of<int>("--port", "The port, 0 to 65535; 0 takes a free one. Default: 8080.");
    private readonly Option<string?> _alias = new("--alias", "-a") { HelpName = "NAME", Description = "The name by which clients know the model. Default: the last part of its folder." };
    private readonly Option<string[]> _keys = new("--api-key") { HelpName = "KEY", Description = "A key that clients must send; may be given several times. Others can read it in the list of processes: --api-key-file is safer.", AllowMultipleArgumentsPerToken = false };
    private readonly Option<string?> _keyFile = new("--api-key-file") { HelpName = "FILE", Description = "A file with a key on each line; empty lines and those that begin with # are left out." };
    private readonly Option<int?> _parallel = NumberOption.Of<int>("--parallel", "The most sequences that are computed at once. Default: 16.", "-np");
    private readonly Option<int?> _waiting = NumberOption.Of<int>("--queue", "The most requests that wait for a place, 0 or more; others are told to come back (429). Default: 64.");
    private readonly Option<int?> _stateMemory = NumberOption.Of<int>("--state-memory", "The most MB of memory for the states of sequences that run. Default: what --parallel whole contexts take, at most half of the memory.");
    private readonly Option<int?> _prefixMemory = NumberOption.Of<int>("--prefix-memory", "The most MB for states kept for prompts that begin alike; 0 keeps none. Default: a quarter of --state-memory.");
    private readonly Option<int?> _promptRows = NumberOption.Of<int>("--prompt-rows", "Tokens of prompts that a step may take while replies are written: fewer keep the replies' pace. Default: 64.");
    private readonly Option<string[]> _origins = new("--cors-origins") { HelpName = "ORIGIN", Description = "An origin whose pages may ask, as https://example.org, or * for all; may be given several times, or several separated by commas." };
    private readonly Option<string?> _certificate = new("--tls-cert") { HelpName = "FILE", Description = "A certificate (PEM) to speak TLS with; needs --tls-key." };
    private readonly Option<string?> _key = new("--tls-key") { HelpName = "FILE", Description = "The certificate's key (PEM)." };
    private readonly Option<int?> _timeout = NumberOption.Of<int>("--timeout", "The most seconds that a request may take. Default: no limit.");
    private readonly Option<int?> _maxBody = NumberOption.Of<int>("--max-body", "The most kB of a request's body, 1 to 1000000. Default: 4194.");
    private readonly Option<int?> _rate = NumberOption.Of<int>("--rate-limit", "The most requests in a minute with a key, without keys from an address. Default: no limit.");
    private readonly Option<string?> _baked = new("--baked") { HelpName = "FILE", Description = "A state that 'hymba bake' wrote: chats that bring no system message, tools or contexts begin with its." };
    private readonly Option<string?> _sessions = new("--session-dir") { HelpName = "FOLDER", Description = $"Where sessions are saved. Default: {ServerOptions.DefaultSessionFolder}." };
    private readonly Option<int?> _idle = NumberOption.Of<int>("--session-idle", "Seconds without use after which a session goes from memory to disk. Default: 600.");
    private readonly Option<int?> _drain = NumberOption.Of<int>("--drain", "Seconds that requests under way may go on when the server is asked to end. Default: 30.");
    private readonly Option<bool> _logJson = new("--log-json") { Description = "Write the log as JSON, an object on a line." };

    public ServeCommand(Terminal terminal) : base("serve", "Serves a model: OpenAI's API for other programs, and a chat in the browser.", terminal)
    {
        foreach (Option option in (Option[])[_host, _port, _alias, _keys, _keyFile, _parallel, _waiting, _stateMemory, _prefixMemory, _promptRows, _origins, _certificate, _key, _timeout, _maxBody, _rate, _baked, _sessions, _idle, _drain, _logJson])
            Add(option);
        _model = new ModelOptions(this);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba serve",
        "hymba serve -m nvidia/Hymba-1.5B-Instruct --quant q8 --port 8000",
        "hymba serve --host 0.0.0.0 --api-key-file keys.txt --tls-cert cert.pem --tls-key key.pem",
        "hymba serve --baked teacher.state",
        "curl http://127.0.0.1:8080/v1/chat/completions -d '{\"messages\": [{\"role\": \"user\", \"content\": \"What are you?\"}]}'",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        ServerOptions options = new()
        {
            Host = line.GetValue(_host) ?? "127.0.0.1",
            Port = line.GetValue(_port) ?? 8080,
            ModelName = line.GetValue(_alias),
            ApiKeys = ReadKeys(line),
            CorsOrigins = [.. (line.GetValue(_origins) ?? []).SelectMany(origins => origins.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
            TlsCertificate = line.GetValue(_certificate),
            TlsKey = line.GetValue(_key),
            MaxBodyBytes = line.GetValue(_maxBody) is { } kilobytes ? (int)Math.Clamp(kilobytes * 1000L, int.MinValue, int.MaxValue) : 4 << 20,
            RequestTimeout = line.GetValue(_timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            RequestsPerMinute = line.GetValue(_rate),
            Baked = line.GetValue(_baked),
            SessionFolder = line.GetValue(_sessions),
            SessionIdle = TimeSpan.FromSeconds(line.GetValue(_idle) ?? 600),
            DrainTime = TimeSpan.FromSeconds(line.GetValue(_drain) ?? 30),
        };
        options.Validate();
        using HymbaModel model = await _model.LoadAsync(line, Terminal, cancellationToken);
        HymbaEngineOptions defaults = new();
        using HymbaEngine engine = new(model, defaults with
        {
            MaxSequences = line.GetValue(_parallel) ?? Math.Min(defaults.MaxSequences, _model.Chunk(line)),
            MaxWaiting = line.GetValue(_waiting) ?? defaults.MaxWaiting,
            StateBytes = line.GetValue(_stateMemory) * 1_000_000L,
            PrefixBytes = line.GetValue(_prefixMemory) * 1_000_000L,
            PromptRows = line.GetValue(_promptRows) ?? defaults.PromptRows,
        });
        await using HymbaServer server = HymbaServer.Create(engine, options, logging => Configure(logging, line.GetValue(_logJson)));
        await server.StartAsync(cancellationToken);
        await Terminal.Error.WriteLineAsync($"Serving {server.ModelName} at {server.Address}, {engine.MaxSequences} sequences at once, contexts of {model.ContextLength} tokens. Ctrl-C ends it.");
        if (options.ApiKeys.Count == 0 && options.Host is not ("127.0.0.1" or "::1" or "localhost"))
            await Terminal.Error.WriteLineAsync("Anybody who reaches this address can use it: --api-key-file asks for keys.");
        await WaitAsync(cancellationToken);
        await Terminal.Error.WriteLineAsync($"Ending when the requests under way have, in {options.DrainTime.TotalSeconds:0} s at most. Ctrl-C again ends at once.");
        await server.StopAsync();
    }

    private static async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }
    }

    private string[] ReadKeys(ParseResult line)
    {
        List<string> keys = [.. line.GetValue(_keys) ?? []];
        if (line.GetValue(_keyFile) is { } file)
        {
            string[] read;
            try
            {
                read = [.. File.ReadAllLines(file).Select(key => key.Trim()).Where(key => key.Length > 0 && key[0] != '#')];
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"--api-key-file {file} can't be read: {error.Message}");
            }
            if (read.Length == 0)
                throw new UsageException($"--api-key-file {file} holds no key; a key on a line is needed.");
            keys.AddRange(read);
        }
        return [.. keys];
    }

    // Standard output stays free; the framework's own news are of no use to who runs a model.
    private static void Configure(ILoggingBuilder logging, bool isJson)
    {
        _ = isJson ? logging.AddJsonConsole() : logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd HH:mm:ss ";
        });
        _ = logging.AddFilter("Microsoft", LogLevel.Warning);
        _ = logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
