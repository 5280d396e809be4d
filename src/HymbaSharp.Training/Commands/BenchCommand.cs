using System.CommandLine;
using System.Diagnostics;
using HymbaSharp.Checkpoints;
using HymbaSharp.CommandLine;
using HymbaSharp.Training.Data;
using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Objectives;
using HymbaSharp.Training.Operations;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Twin;
using TorchSharp;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Commands;

/// <summary>How fast steps are, next to the machine's peak.</summary>
internal sealed class BenchCommand : ToolCommand
{
    private readonly Option<string?> _model = new("--model", "-m") { Description = "The model: a folder, or a name that 'hymba list' shows.", HelpName = "MODEL" };
    private readonly Option<int?> _documents = NumberOption.Of<int>("--documents", "Documents of a part. Default: 8.");
    private readonly Option<int?> _length = NumberOption.Of<int>("--length", "Tokens of each, 2 or more. Default: 240.");
    private readonly Option<int?> _repetitions = NumberOption.Of<int>("--repetitions", "Steps that are measured, after one that is not. Default: 7.", "-r");
    private readonly Option<string> _device = new("--device") { Description = "Where to compute: cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu", HelpName = "DEVICE" };
    private readonly Option<bool> _adapter = new("--adapter") { Description = "Train a LoRA of rank 16 on every projection in place of all weights." };
    private readonly Option<bool> _checkpointing = new("--activation-checkpointing") { Description = "Compute layers again in the backward pass." };
    private readonly Option<int?> _threads = NumberOption.Of<int>("--threads", "Threads that compute. Default: one for each processor.", "-t");

    public BenchCommand(Terminal terminal) : base("bench", "Measures training steps on random tokens: time, share of the float32 peak measured in turn with them, where the time goes, memory.", terminal)
    {
        foreach (Option option in (Option[])[_model, _documents, _length, _repetitions, _device, _adapter, _checkpointing, _threads])
            Add(option);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba-train bench",
        "hymba-train bench -m /tmp/hymba-1.5b --adapter --documents 1 --length 256 -r 3",
    ];

    protected override Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        TorchRuntime.Prepare(line.GetValue(_threads));
        TrainingOptions options = new()
        {
            Run = new RunOptions { Model = ModelLocation.Find(line.GetValue(_model)), Output = Path.GetTempPath(), Train = [line.GetValue(_adapter) ? RunOptions.Adapter : RunOptions.All] },
            Optimizer = new OptimizerOptions { MicroBatchTokens = int.MaxValue },
        };
        Device device = Devices.Find(line.GetRequiredValue(_device));
        StartingPoint start = StartingPoint.Of(options.Run, cancellationToken);
        using TwinParameters parameters = start.Load(ScalarType.Float32, device);
        _ = start.Select(parameters, options);
        HymbaTwin twin = new(start.Config, parameters) { CheckpointsActivations = line.GetValue(_checkpointing) };
        using AdamW optimizer = new(parameters.Trained, 0.9, 0.95, 1e-8, 0.1);
        NextTokenObjective objective = new();
        Trainer trainer = new(twin, objective, optimizer, options.Optimizer, packs: true);

        Random random = new(1);
        int length = line.GetValue(_length) ?? 240;
        StepItem[] items = [.. Enumerable.Range(0, line.GetValue(_documents) ?? 8).Select(i => Document(i, length, start.Config.VocabularySize, random))];
        List<Sample> samples = [];
        for (int i = 0; i <= (line.GetValue(_repetitions) ?? 7); i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double before = Devices.MeasurePeak(device);
            OperationProfile.Start();
            long begun = Stopwatch.GetTimestamp();
            StepFigures figures = trainer.Step(items, 1e-5, cancellationToken);
            if (device.type != DeviceType.CPU)
                cuda.synchronize(device);
            double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            IReadOnlyDictionary<string, TimeSpan> times = OperationProfile.Stop();
            if (i > 0)
                samples.Add(new Sample(seconds, figures.Operations, (before + Devices.MeasurePeak(device)) / 2, times));
        }
        Report(device, samples, items.Sum(item => item.Tokens), items.Length * start.Config.MetaTokens);
        return Task.CompletedTask;
    }

    private void Report(Device device, List<Sample> samples, int tokens, int metaTokens)
    {
        TextWriter output = Terminal.Output;
        double seconds = Median(samples.Select(sample => sample.Seconds));
        output.WriteLine($"{tokens} tokens and {metaTokens} meta tokens a step, {samples.Count} steps; medians, with the least and the most");
        output.WriteLine($"step          {Spread(samples.Select(sample => sample.Seconds * 1000), "0")} ms, {tokens / seconds:0} tokens/s");
        output.WriteLine($"model         {Spread(samples.Select(sample => sample.Operations / sample.Seconds / 1e9), "0")} GFLOP/s, {samples[0].Operations / 1e9:0.0} GFLOP a step");
        output.WriteLine($"float32 peak  {Spread(samples.Select(sample => sample.Peak / 1e9), "0")} GFLOP/s, measured around each step");
        output.WriteLine($"share of it   {Spread(samples.Select(sample => 100 * sample.Operations / sample.Seconds / sample.Peak), "0.0")} %");
        // Elsewhere operations are begun and run later.
        if (device.type != DeviceType.CPU)
            return;
        output.WriteLine($"scan and convolution  {Spread(samples.Select(sample => 100 * sample.Share("Scan", "Convolution")), "0.0")} % of the step");
        foreach (string name in samples[0].Times.Keys.OrderByDescending(name => samples.Sum(sample => sample.Times.GetValueOrDefault(name).TotalSeconds)))
            output.WriteLine($"  {name,-24} {Median(samples.Select(sample => 100 * sample.Times.GetValueOrDefault(name).TotalSeconds / sample.Seconds)),5:0.0} %");
        output.WriteLine($"most memory   {Sizes.Bytes(Process.GetCurrentProcess().PeakWorkingSet64)}");
    }

    private static StepItem Document(int index, int length, int vocabulary, Random random)
    {
        int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))];
        bool[] learned = new bool[length];
        learned.AsSpan(1).Fill(true);
        return new StepItem(index, [new TrainingExample(tokens, learned)]);
    }

    private static string Spread(IEnumerable<double> values, string format)
    {
        double[] sorted = [.. values.Order()];
        return $"{Median(sorted).ToString(format)} ({sorted[0].ToString(format)} to {sorted[^1].ToString(format)})";
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed record Sample(double Seconds, double Operations, double Peak, IReadOnlyDictionary<string, TimeSpan> Times)
    {
        /// <summary>The share of the step that operations took whose names begin so.</summary>
        public double Share(params string[] kinds) =>
            Times.Where(time => kinds.Any(kind => time.Key.StartsWith(kind, StringComparison.Ordinal))).Sum(time => time.Value.TotalSeconds) / Seconds;
    }
}
