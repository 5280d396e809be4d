using HymbaSharp.Adapters;
using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Tests.Loop;

public sealed class TrainingRunTests : IDisposable
{
    // Of the run as it was when this was written; another order of sums moves them in the last digits.
    private static readonly double[] FirstTen = [6.019198, 5.968227, 5.602265, 5.143566, 4.790659, 4.412289, 4.053940, 3.699192, 3.426366, 3.183562];

    private readonly SmallRun _run = new();

    [Fact]
    public void The_first_ten_losses_stay_what_they_are()
    {
        SmallRun.Train(_run.Scratch);
        double[] losses = SmallRun.Losses(_run.Scratch);
        Assert.Equal(FirstTen.Length, losses.Length);
        for (int i = 0; i < FirstTen.Length; i++)
            Assert.Equal(FirstTen[i], losses[i], 1e-5);
    }

    [Fact]
    public void A_run_on_a_GPU_has_the_losses_of_one_on_the_processor_and_goes_on_from_a_checkpoint()
    {
        Gpu.RequireOne();
        TrainingOptions options = _run.Scratch with { Run = _run.Scratch.Run with { Device = "cuda" } };
        SmallRun.Train(options);
        RequireFirstTen();
        foreach (string later in (string[])["step-00000009", "step-00000010", "final"])
            Directory.Delete(Path.Combine(options.Run.Output!, later), recursive: true);
        Assert.Contains("Going on from step-00000006", SmallRun.Train(options), StringComparison.Ordinal);
        RequireFirstTen();

        void RequireFirstTen()
        {
            double[] losses = SmallRun.Losses(options);
            Assert.Equal(FirstTen.Length, losses.Length);
            for (int i = 0; i < FirstTen.Length; i++)
                Assert.Equal(FirstTen[i], losses[i], 1e-3);
        }
    }

    [Fact]
    public void A_run_that_was_killed_goes_on_with_the_same_losses()
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions killed = With(_run.Scratch, "killed");
        // What a kill between two checkpoints leaves: the last of them, records of later steps, and a folder that was being written.
        Copy(Path.Combine(_run.Scratch.Run.Output!, "step-00000006"), Path.Combine(killed.Run.Output!, "step-00000006"));
        Copy(Path.Combine(_run.Scratch.Run.Output!, StartingPoint.InitialFolder), Path.Combine(killed.Run.Output!, StartingPoint.InitialFolder));
        File.Copy(Path.Combine(_run.Scratch.Run.Output!, "metrics.jsonl"), Path.Combine(killed.Run.Output!, "metrics.jsonl"));
        _ = Directory.CreateDirectory(Path.Combine(killed.Run.Output!, ".writing-step-00000009"));

        string said = SmallRun.Train(killed);

        Assert.Contains("Going on from step-00000006", said, StringComparison.Ordinal);
        Assert.Equal(SmallRun.Losses(_run.Scratch), SmallRun.Losses(killed));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_run.Scratch.Run.Output!, "final", "model.safetensors")),
            File.ReadAllBytes(Path.Combine(killed.Run.Output!, "final", "model.safetensors")));
    }

    [Fact]
    public void A_run_that_is_stopped_writes_a_checkpoint_and_goes_on_from_it()
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions stopped = With(_run.Scratch, "stopped") with { Loop = _run.Scratch.Loop with { CheckpointEvery = 0 } };
        using CancellationTokenSource stop = new();
        using FileSystemWatcher watcher = new(_run.Folder) { IncludeSubdirectories = true, EnableRaisingEvents = true };
        watcher.Changed += (_, change) =>
        {
            if (change.FullPath.EndsWith("metrics.jsonl", StringComparison.Ordinal))
                stop.Cancel();
        };

        Assert.ThrowsAny<OperationCanceledException>(() => SmallRun.Train(stopped, stop.Token));
        SmallRun.Train(stopped);

        Assert.Equal(SmallRun.Losses(_run.Scratch), SmallRun.Losses(stopped));
    }

    [Fact]
    public void The_engine_opens_the_result_and_computes_what_was_trained()
    {
        TrainingOptions options = _run.Scratch with { Data = _run.Scratch.Data with { EvalFiles = [_run.PathOf("texts.jsonl")] } };
        SmallRun.Train(options);

        using HymbaModel model = Open(Path.Combine(options.Run.Output!, "final"));
        using HymbaModel best = Open(Path.Combine(options.Run.Output!, "best"));
        double evaluated = SmallRun.Records(options)[^1].Extras["eval_loss"];
        Assert.Equal(evaluated, MeanLoss(model, File.ReadAllLines(_run.PathOf("texts.jsonl"))), 1e-5);
        Assert.NotNull(model.ChatTemplate);
        Assert.NotNull(best.Tokenizer);
    }

    [Theory]
    [InlineData(nameof(AdapterMethod.Lora))]
    [InlineData(nameof(AdapterMethod.Dora))]
    public void An_adapter_computes_in_the_engine_what_it_was_trained_to_merged_or_not(string method)
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions options = FromScratch("adapter", [RunOptions.Adapter]) with
        {
            Adapter = new AdapterOptions { Method = Enum.Parse<AdapterMethod>(method), Rank = 4, Alpha = 8, Dropout = 0.1 },
        };

        SmallRun.Train(options);

        string final = Path.Combine(options.Run.Output!, "final"), merged = _run.PathOf("merged");
        AdapterMerge.Write(options.Run.Model!, [new AdapterReference(final)], merged);
        using HymbaModel unmergedModel = HymbaModel.Load(options.Run.Model!, new HymbaModelOptions { UseCache = false, Threads = 1, Adapters = [new AdapterReference(final)] });
        using HymbaModel mergedModel = Open(merged), plain = Open(options.Run.Model!);
        string[] texts = File.ReadAllLines(_run.PathOf("texts.jsonl"));
        double evaluated = SmallRun.Records(options)[^1].Extras["eval_loss"];
        Assert.Equal(evaluated, MeanLoss(unmergedModel, texts), 1e-5);
        Assert.Equal(evaluated, MeanLoss(mergedModel, texts), 1e-5);
        Assert.True(evaluated < MeanLoss(plain, texts) - 0.01);
    }

    [Fact]
    public void Meta_tokens_alone_are_trained_and_written_as_an_adapter()
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions options = FromScratch("meta", ["memory_tokens"]);

        string said = SmallRun.Train(options);

        Assert.Contains("96 of ", said, StringComparison.Ordinal);
        using HymbaModel model = HymbaModel.Load(
            options.Run.Model!, new HymbaModelOptions { UseCache = false, Threads = 1, Adapters = [new AdapterReference(Path.Combine(options.Run.Output!, "final"))] });
        Assert.Equal(SmallRun.Records(options)[^1].Extras["eval_loss"], MeanLoss(model, File.ReadAllLines(_run.PathOf("texts.jsonl"))), 1e-5);
    }

    [Fact]
    public void Preferences_are_learned_alike_with_the_reference_computed_live_or_before()
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions live = FromScratch("live", [RunOptions.All]) with
        {
            Data = new() { TrainFiles = [_run.PathOf("pairs.jsonl")], EvalFiles = [_run.PathOf("pairs.jsonl")], MaxLength = 64 },
        };
        live = live with { Run = live.Run with { Objective = Objective.DirectPreference }, Optimizer = live.Optimizer with { LearningRate = 1e-3 } };
        TrainingOptions before = With(live, "before") with { Dpo = new DpoOptions { Reference = ReferencePass.Precomputed } };
        TrainingOptions likely = With(live, "likely") with { Dpo = new DpoOptions { NllWeight = 1 } };

        SmallRun.Train(live);
        SmallRun.Train(before);
        SmallRun.Train(likely);

        Assert.Equal(Math.Log(2), SmallRun.Losses(live)[0], 1e-5);
        foreach ((double first, double second) in SmallRun.Losses(live).Zip(SmallRun.Losses(before)))
            Assert.Equal(first, second, 1e-4);
        Assert.True(SmallRun.Records(live)[^1].Extras["eval_reward_accuracy"] > 0.9);
        Assert.True(SmallRun.Records(live)[^1].Extras["eval_reward_margin"] > 0);
        Assert.True(SmallRun.Records(likely)[^1].Extras["eval_nll_chosen"] < SmallRun.Records(live)[^1].Extras["eval_nll_chosen"]);
    }

    [Fact]
    public void Conversations_are_learned_from_the_assistants_turns()
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions options = FromScratch("sft", [RunOptions.All]) with
        {
            Data = new() { TrainFiles = [_run.PathOf("chats.jsonl")], EvalFiles = [_run.PathOf("chats.jsonl")], MaxLength = 64 },
        };
        options = options with { Run = options.Run with { Objective = Objective.SupervisedFineTuning }, Optimizer = options.Optimizer with { ActivationCheckpointing = true } };
        SmallRun.Train(options);
        double[] losses = SmallRun.Losses(options);
        Assert.True(losses[^1] < losses[0] - 0.5, $"{losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void A_loss_that_is_no_number_changes_nothing_and_ends_the_run_after_some_steps()
    {
        TrainingOptions options = _run.Scratch with { Optimizer = _run.Scratch.Optimizer with { LearningRate = 1e30, ClipNorm = 0, BadStepLimit = 3 } };
        TrainingException error = Assert.Throws<TrainingException>(() => SmallRun.Train(options));
        Assert.Contains("no number in 3 steps in a row", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_another_run_is_not_gone_on_from()
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions other = _run.Scratch with { Run = _run.Scratch.Run with { Seed = 6 } };
        Assert.Contains("of another run", Assert.Throws<TrainingException>(() => SmallRun.Train(other)).Message, StringComparison.Ordinal);
        TrainingOptions never = _run.Scratch with { Loop = _run.Scratch.Loop with { Resume = Resume.Never } };
        Assert.Contains("loop.resume is never", Assert.Throws<TrainingException>(() => SmallRun.Train(never)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_leaves_those_before()
    {
        _ = Directory.CreateDirectory(_run.Scratch.Run.Output!);
        File.WriteAllText(Path.Combine(_run.Scratch.Run.Output!, ".writing-step-00000006"), "in the way");

        TrainingException error = Assert.Throws<TrainingException>(() => SmallRun.Train(_run.Scratch));

        Assert.Contains("those before it are as they were", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_run.Scratch.Run.Output!, "step-00000003", "model.safetensors")));
    }

    [Fact]
    public void What_cannot_be_trained_is_said_before_the_first_step()
    {
        SmallRun.Train(_run.Scratch);
        TrainingOptions none = FromScratch("none", ["nothing_like_it"]);
        Assert.Contains("no parameter matches nothing_like_it", Assert.Throws<TrainingException>(() => SmallRun.Train(none)).Message, StringComparison.Ordinal);
        TrainingOptions target = FromScratch("target", [RunOptions.Adapter]) with { Adapter = new AdapterOptions { Targets = ["q_proj"] } };
        Assert.Contains("no module matches q_proj", Assert.Throws<TrainingException>(() => SmallRun.Train(target)).Message, StringComparison.Ordinal);
        TrainingOptions device = With(_run.Scratch, "device") with { Run = _run.Scratch.Run with { Device = "cuda:99", Output = _run.PathOf("device") } };
        Assert.Contains("cuda:99", Assert.Throws<TrainingException>(() => SmallRun.Train(device)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _run.Dispose();

    private TrainingOptions With(TrainingOptions options, string output) => options with { Run = options.Run with { Output = _run.PathOf(output) } };

    private TrainingOptions FromScratch(string output, string[] train) => _run.Scratch with
    {
        Run = new RunOptions { Model = Path.Combine(_run.Scratch.Run.Output!, "final"), Output = _run.PathOf(output), Train = train, Threads = 2 },
        Data = new() { TrainFiles = [_run.PathOf("texts.jsonl")], EvalFiles = [_run.PathOf("texts.jsonl")], MaxLength = 64 },
    };

    private static HymbaModel Open(string folder) => HymbaModel.Load(folder, new HymbaModelOptions { UseCache = false, Threads = 1 });

    /// <summary>The mean loss over the tokens of texts, by the engine.</summary>
    private static double MeanLoss(HymbaModel model, string[] lines)
    {
        double sum = 0;
        int count = 0;
        foreach (string line in lines)
        {
            string text = System.Text.Json.JsonElement.Parse(line).GetProperty("text").GetString()!;
            int[] ids = [.. model.Tokenizer!.Encode(text, addBos: true), 2];
            using HymbaSession session = model.StartSession();
            session.Append(ids, (index, logits) =>
            {
                if (index == ids.Length - 1)
                    return;
                double max = logits.ToArray().Max(), total = logits.ToArray().Sum(logit => Math.Exp(logit - max));
                sum += max + Math.Log(total) - logits[ids[index + 1]];
                count++;
            });
        }
        return sum / count;
    }

    private static void Copy(string source, string target)
    {
        _ = Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
    }
}
