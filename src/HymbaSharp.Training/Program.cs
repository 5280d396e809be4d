using System.Diagnostics;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Operations;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;
string dir = Path.Combine(Path.GetTempPath(), "benchinit" + Environment.ProcessId);
RandomCheckpoint.Write(args[0], dir, 1, ElementType.F32);
var config = HymbaConfig.Load(dir);
Console.WriteLine($"{config.ParameterCount:N0} parameters");
using var ck = Checkpoint.Open(dir);
using var p = TwinParameters.Load(ck, config);
p.Train(_ => true);
var twin = new HymbaTwin(config, p) { CheckpointsActivations = args.Contains("ckpt") };
var rng = new Random(1);
int[][] docs = [.. Enumerable.Range(0, 20).Select(_ => Enumerable.Range(0, 190).Select(_ => rng.Next(config.VocabularySize)).ToArray())];
var batch = new RowBatch(docs, null, config.MetaTokens);
var flops = new ModelFlops(config).Step(batch);
using var speed = new HymbaSharp.Diagnostics.MachineSpeed(2, HymbaSharp.Kernels.KernelPaths.Selected);
Console.WriteLine($"rows {batch.Rows} {flops / 1e9:0.0} GFLOP");
for (int i = 0; i < 12; i++)
{
    
    var sw = Stopwatch.StartNew();
    double f;
    using (var scope = NewDisposeScope())
    {
        var loss = CrossEntropyOperation.Apply(twin.Logits(batch), batch.Targets).mean();
        f = sw.Elapsed.TotalSeconds;
        loss.backward();
        foreach (var (n, v) in p.Trained) v.grad!.zero_();
    }
    GC.Collect(0);
    double s = sw.Elapsed.TotalSeconds;
    double peak = speed.FloatOperationsPerSecond();
    Console.WriteLine($"{s * 1000:0} ms fwd {f * 1000:0} {batch.Rows / s:0} rows/s {flops / s / 1e9:0} GF/s peak {peak / 1e9:0} MFU {flops / s / peak:P1} rss {Process.GetCurrentProcess().WorkingSet64 >> 20}");
    
}
return 0;
