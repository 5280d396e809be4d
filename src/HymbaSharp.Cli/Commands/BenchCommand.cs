using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using HymbaSharp.Cli.Options;
using HymbaSharp.Diagnostics;
using Spectre.Console;

namespace HymbaSharp.Cli.Commands;

/// <summary>How fast a model reads prompts and writes replies, next to what the machine can do at that moment.</summary>
internal sealed class BenchCommand : ToolCommand
{
    private const int DecodeStepsBeforeCounting = 2;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly ModelOptions _model;
    private readonly Option<string> _prompts = new("--n-prompt", "-p") { Description = "Lengths of prompts in tokens, separated by commas; 0 for none.", HelpName = "LIST", DefaultValueFactory = _ => "20,512" };
    private readonly Option<string> _generates = new("--n-gen", "-n") { Description = "Lengths of replies in tokens, separated by commas; 0 for none.", HelpName = "LIST", DefaultValueFactory = _ => "32" };
    private readonly Option<int?> _depth = NumberOption.Of<int>("--n-depth", "Tokens that a sequence has before each measurement. Default: 0.", "-d");
    private readonly Option<int?> _repetitions = NumberOption.Of<int>("--repetitions", "How often each is measured, 1 to 1000; the medians are shown. Default: 5.", "-r");
    private readonly Option<int?> _sequences = NumberOption.Of<int>("--sequences", "Sequences that decode at once, a token of each in a step, 1 to 256; tokens/s are of all together. Default: 1.");
    private readonly Option<bool> _profile = new("--profile") { Description = "Show besides how long each kind of kernel took." };
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON in place of a table, every measurement in it." };

    public BenchCommand(Terminal terminal) : base("bench", "Measures prompt and decode speed next to this machine's read bandwidth and arithmetic peak.", terminal)
    {
        foreach (Option option in (Option[])[_prompts, _generates, _depth, _repetitions, _sequences, _profile, _json])
            Add(option);
        _model = new ModelOptions(this);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba bench -m ./checkpoint",
        "hymba bench -m ./checkpoint -p 128,512,2048 -n 64 -t 8",
        "hymba bench -m ./checkpoint -p 0 -n 32 --n-depth 4096 --json",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        int repetitions = line.GetValue(_repetitions) ?? 5, depth = line.GetValue(_depth) ?? 0;
        if (repetitions is < 1 or > 1000)
            throw new UsageException($"--repetitions is {repetitions}; allowed are 1 to 1000.");
        int sequences = line.GetValue(_sequences) ?? 1;
        if (sequences is < 1 or > 256)
            throw new UsageException($"--sequences is {sequences}; allowed are 1 to 256.");
        if (depth < 0)
            throw new UsageException($"--n-depth is {depth}; allowed are 0 or more.");
        int[] prompts = Lengths(line.GetValue(_prompts)!, "--n-prompt"), generates = Lengths(line.GetValue(_generates)!, "--n-gen");

        long start = Stopwatch.GetTimestamp();
        using HymbaModel model = await _model.LoadAsync(line, Terminal, cancellationToken);
        TimeSpan opened = Stopwatch.GetElapsedTime(start);
        int longest = depth + prompts.Concat(generates.Select(n => n + DecodeStepsBeforeCounting + 1)).DefaultIfEmpty(0).Max();
        if (longest > model.ContextLength)
            throw new UsageException($"{longest} tokens are needed, the context holds {model.ContextLength}; --ctx-size sets it.");

        using HymbaSession deep = model.StartSession();
        deep.Append(Tokens(model, depth), cancellationToken);
        long resident = WarmUp(deep, prompts.DefaultIfEmpty(1).Max(), cancellationToken);
        using MachineSpeed machine = new(model.Threads, model.KernelPath);
        Measurement[] measurements = [.. prompts.Select(n => new Measurement("prompt", n)), .. generates.Select(n => new Measurement("decode", n))];
        // All in turn, again and again: what the machine loses to others while this runs is shared out among them.
        for (int i = 0; i < repetitions; i++)
        {
            foreach (Measurement measurement in measurements)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (measurement.Kind == "prompt")
                    MeasurePrompt(model, machine, deep, measurement);
                else
                    MeasureDecode(model, machine, deep, measurement, sequences);
            }
        }
        if (line.GetValue(_profile))
        {
            foreach (Measurement measurement in measurements)
                TakeProfile(model, deep, measurement, sequences);
        }
        if (line.GetValue(_json))
            await Terminal.Output.WriteLineAsync(JsonSerializer.Serialize(Report(model, opened, resident, depth, measurements), Indented));
        else
            Show(model, opened, resident, depth, repetitions, measurements);
    }

    /// <summary>Runs once what is measured, so that all code is compiled, and says what memory it took at most, the probes' not counted.</summary>
    private static long WarmUp(HymbaSession deep, int tokens, CancellationToken cancellationToken)
    {
        using HymbaSession session = deep.Fork();
        session.Append(Tokens(deep.Model, tokens), cancellationToken);
        session.Append(1);
        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static void MeasurePrompt(HymbaModel model, MachineSpeed machine, HymbaSession deep, Measurement measurement)
    {
        int[] tokens = Tokens(model, measurement.Tokens);
        using HymbaSession session = deep.Fork();
        double before = Peak(model, machine);
        long start = Stopwatch.GetTimestamp();
        session.Append(tokens);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double peak = (before + Peak(model, machine)) / 2;
        measurement.Add(measurement.Tokens / seconds, (double)model.MatrixOperationsPerToken * measurement.Tokens / seconds, peak);
    }

    private static void TakeProfile(HymbaModel model, HymbaSession deep, Measurement measurement, int sequences)
    {
        bool isPrompt = measurement.Kind == "prompt";
        HymbaSession[] sessions = [.. Enumerable.Range(0, isPrompt ? 1 : sequences).Select(_ => deep.Fork())];
        int[] prompt = Tokens(model, measurement.Tokens), next = [.. Enumerable.Repeat(1, sessions.Length)];
        if (!isPrompt)
            Step(sessions, next);
        IReadOnlyList<(string Kernel, TimeSpan Time, int Calls)> kernels = model.Profile(() =>
        {
            if (isPrompt)
                sessions[0].Append(prompt);
            for (int i = 0; !isPrompt && i < measurement.Tokens; i++)
                Step(sessions, next);
        }, out TimeSpan whole);
        foreach (HymbaSession session in sessions)
            session.Dispose();
        TimeSpan between = whole - TimeSpan.FromTicks(kernels.Sum(kernel => kernel.Time.Ticks));
        measurement.Profile.AddRange(kernels.Select(kernel => new ProfileLine(kernel.Kernel, kernel.Time.TotalMilliseconds, kernel.Time / whole, kernel.Calls)));
        measurement.Profile.Add(new ProfileLine("between kernels", between.TotalMilliseconds, between / whole, 0));
    }

    private static double Peak(HymbaModel model, MachineSpeed machine) =>
        model.IsQuantized ? machine.IntegerOperationsPerSecond() : machine.FloatOperationsPerSecond();

    private static void MeasureDecode(HymbaModel model, MachineSpeed machine, HymbaSession deep, Measurement measurement, int sequences)
    {
        HymbaSession[] sessions = [.. Enumerable.Range(0, sequences).Select(_ => deep.Fork())];
        int[] tokens = [.. Enumerable.Repeat(1, sequences)];
        for (int i = 0; i <= DecodeStepsBeforeCounting; i++)
            Step(sessions, tokens);
        double before = machine.ReadBytesPerSecond();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < measurement.Tokens; i++)
            Step(sessions, tokens);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double bandwidth = (before + machine.ReadBytesPerSecond()) / 2;
        measurement.Add(sequences * measurement.Tokens / seconds, (double)model.WeightBytesPerToken * measurement.Tokens / seconds, bandwidth);
        foreach (HymbaSession session in sessions)
            session.Dispose();
    }

    private static void Step(HymbaSession[] sessions, int[] tokens)
    {
        if (sessions.Length == 1)
            sessions[0].Append(tokens[0]);
        else
            HymbaSession.AppendEach(sessions, tokens);
    }

    private void Show(HymbaModel model, TimeSpan opened, long resident, int depth, int repetitions, Measurement[] measurements)
    {
        Terminal.Output.WriteLine($"{model.Folder}: {model.Threads} threads, {model.KernelPath.ToString().ToLowerInvariant()}, opened in {opened.TotalSeconds:0.00} s, {resident / 1e6:0} MB resident");
        Terminal.Output.Flush();
        Table table = new Table().Border(TableBorder.Simple).AddColumns("", "tokens/s", "spread", "done", "machine", "of it");
        foreach (int column in (int[])[1, 2, 3, 4, 5])
            _ = table.Columns[column].RightAligned();
        foreach (Measurement m in measurements)
        {
            string unit = m.Kind == "decode" ? "GB/s" : model.IsQuantized ? "GOP/s" : "GFLOP/s";
            _ = table.AddRow($"{m.Kind} {m.Tokens}{(depth > 0 ? $" at {depth}" : "")}", $"{m.Speed:0.0}", $"{m.Samples.Min(s => s.Speed):0.0}–{m.Samples.Max(s => s.Speed):0.0}", $"{m.Done / 1e9:0.0} {unit}", $"{m.Limit / 1e9:0.0} {unit}", $"{m.Share:0 %}");
        }
        Terminal.Console.Write(table);
        foreach (Measurement m in measurements.Where(m => m.Profile.Count > 0))
        {
            Table profile = new Table().Border(TableBorder.Simple).AddColumns($"{m.Kind} {m.Tokens}", "ms", "of it", "calls");
            foreach (int column in (int[])[1, 2, 3])
                _ = profile.Columns[column].RightAligned();
            foreach (ProfileLine part in m.Profile)
                _ = profile.AddRow(part.Kernel, $"{part.Milliseconds:0.00}", $"{part.Share:0.0 %}", $"{part.Calls}");
            Terminal.Console.Write(profile);
        }
        Terminal.Output.WriteLine($"Medians of {repetitions}. Done: prompt, operations in the layers' matrices; decode, weights read. Machine: measured around each.");
    }

    private static object Report(HymbaModel model, TimeSpan opened, long resident, int depth, Measurement[] measurements) => new
    {
        Model = model.Folder,
        model.Threads,
        Kernels = model.KernelPath.ToString().ToLowerInvariant(),
        OpenSeconds = opened.TotalSeconds,
        ResidentBytes = resident,
        Depth = depth,
        Results = measurements.Select(m => new
        {
            Test = m.Kind,
            m.Tokens,
            TokensPerSecond = m.Speed,
            DonePerSecond = m.Done,
            MachinePerSecond = m.Limit,
            m.Share,
            Spread = new[] { m.Samples.Min(s => s.Speed), m.Samples.Max(s => s.Speed) },
            Profile = m.Profile.Count > 0 ? m.Profile : null,
            Samples = m.Samples.Select(s => new { TokensPerSecond = s.Speed, DonePerSecond = s.Done, MachinePerSecond = s.Limit }),
        }),
    };

    private static int[] Tokens(HymbaModel model, int count) =>
        [.. Enumerable.Range(0, count).Select(i => (int)((i * 7919L) % model.Config.VocabularySize))];

    private static int[] Lengths(string list, string option)
    {
        int[] lengths = TokenIds.Parse(list, option);
        return [.. lengths.Where(length => length > 0)];
    }

    /// <summary>What a kind of kernel took in one run.</summary>
    private sealed record ProfileLine(string Kernel, double Milliseconds, double Share, int Calls);

    /// <summary>One thing measured several times.</summary>
    private sealed record Measurement(string Kind, int Tokens)
    {
        public List<(double Speed, double Done, double Limit)> Samples { get; } = [];

        public List<ProfileLine> Profile { get; } = [];

        public double Speed => Median(s => s.Speed);

        public double Done => Median(s => s.Done);

        public double Limit => Median(s => s.Limit);

        public double Share => Median(s => s.Done / s.Limit);

        public void Add(double speed, double done, double limit) => Samples.Add((speed, done, limit));

        private double Median(Func<(double Speed, double Done, double Limit), double> value)
        {
            double[] sorted = [.. Samples.Select(value).Order()];
            int middle = sorted.Length / 2;
            return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        }
    }
}
