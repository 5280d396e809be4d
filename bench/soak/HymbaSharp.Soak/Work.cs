namespace HymbaSharp.Soak;

/// <summary>What the clients ask for: the same requests, in the same order for each client, whoever answers them.</summary>
internal sealed record Work(int Clients, TimeSpan Time, int PromptWords, int ReplyTokens)
{
    private static readonly string[] Words = ["river", "house", "stone", "green", "carry", "seven", "bread", "often", "light", "under", "paper", "quiet"];

    /// <summary>A prompt of about as many tokens, none like another.</summary>
    public string Prompt(int client, int request)
    {
        Random random = new((client * 100_003) + request);
        return string.Join(' ', Enumerable.Range(0, PromptWords).Select(_ => Words[random.Next(Words.Length)]));
    }
}

/// <summary>What a client saw of one request.</summary>
internal sealed record Seen(int Tokens, IReadOnlyList<double> Gaps, double FirstToken, string? Failure, bool WasBusy);

/// <summary>What all clients saw together.</summary>
internal sealed class Report(string name, Work work)
{
    private readonly Lock _lock = new();
    private readonly List<double> _gaps = [], _first = [];
    private readonly Dictionary<string, int> _failures = [];
    private long _tokens;
    private int _requests, _busy;

    public void Add(Seen seen)
    {
        lock (_lock)
        {
            _requests++;
            _tokens += seen.Tokens;
            _gaps.AddRange(seen.Gaps);
            _busy += seen.WasBusy ? 1 : 0;
            if (seen.FirstToken > 0)
                _first.Add(seen.FirstToken);
            if (seen.Failure is { } failure)
                _failures[failure] = _failures.GetValueOrDefault(failure) + 1;
        }
    }

    public void Write(TimeSpan elapsed)
    {
        _gaps.Sort();
        _first.Sort();
        Console.WriteLine($"{name}: {work.Clients} clients, {elapsed.TotalSeconds:0} s, {_requests} requests, {_busy} told to come back, {_tokens} tokens, {_tokens / elapsed.TotalSeconds:0.0} tokens/s");
        Console.WriteLine($"  from token to token: median {At(_gaps, 0.5):0.0} ms, 95 % below {At(_gaps, 0.95):0.0} ms, most {At(_gaps, 1):0.0} ms; to the first: median {At(_first, 0.5):0} ms, 95 % below {At(_first, 0.95):0} ms");
        foreach ((string failure, int count) in _failures)
            Console.WriteLine($"  FAILED {count} times: {failure}");
        if (_failures.Count == 0)
            Console.WriteLine("  every stream came to its end");
    }

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? 0 : 1000 * sorted[(int)Math.Min(sorted.Count - 1, share * sorted.Count)];
}
