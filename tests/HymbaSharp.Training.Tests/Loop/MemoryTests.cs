using System.Diagnostics;
using HymbaSharp.Training.Data;
using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Objectives;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Tests.Twin;

namespace HymbaSharp.Training.Tests.Loop;

/// <summary>Tests of the whole process's memory run while no other does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class MemoryTests
{
    private const int Steps = 1000, WarmUp = 300;
    private const long Allowed = 48 << 20;

    [Fact]
    public void Memory_stays_flat_over_a_thousand_steps()
    {
        using ReferenceTwin reference = new("ntk-shared-kv");
        reference.Parameters.Train(_ => true);
        using AdamW optimizer = new(reference.Parameters.Trained, 0.9, 0.95, 1e-8, 0.1);
        Trainer trainer = new(reference.Twin, new NextTokenObjective(), optimizer, new OptimizerOptions { MicroBatchTokens = 40 }, packs: true);
        bool[] learned = [false, .. Enumerable.Repeat(true, 23)];
        StepItem[] items = [new(0, [new TrainingExample(reference.InputIds[..24], learned)]), new(1, [new TrainingExample(reference.InputIds[24..48], learned)])];

        long before = 0;
        for (int step = 0; step < Steps; step++)
        {
            _ = trainer.Step(items, 1e-4, TestContext.Current.CancellationToken);
            if (step == WarmUp)
                before = Resident();
        }

        // A leak of one activation a part would be more than 100 MB by now.
        Assert.InRange(Resident() - before, long.MinValue, Allowed);
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
