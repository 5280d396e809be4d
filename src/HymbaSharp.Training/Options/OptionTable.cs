using HymbaSharp.Checkpoints;

namespace HymbaSharp.Training.Options;

/// <summary>
/// Every option of a run, once: the keys of run files, the flags of the command line, their help, their defaults and their ranges all
/// come from here.
/// </summary>
internal static class OptionTable
{
    private const double MostTokens = 1 << 30;

    /// <summary>All options, in the order of a run file.</summary>
    public static IReadOnlyList<OptionKey> Keys { get; } = [.. Run(), .. Data(), .. Adapter(), .. Dpo(), .. Optimizer(), .. Loop()];

    /// <summary>The sections of a run file, in order.</summary>
    public static IReadOnlyList<string> Sections { get; } = [.. Keys.Select(key => key.Section).Distinct()];

    private static IReadOnlyList<OptionKey> Run()
    {
        OptionSection<RunOptions> section = new("run", "", options => options.Run, (options, run) => options with { Run = run });
        section.Choice("objective", "what is learned",
            [("lm", Objective.LanguageModel), ("sft", Objective.SupervisedFineTuning), ("dpo", Objective.DirectPreference)],
            run => run.Objective, (run, value) => run with { Objective = value });
        section.Path("model", "the folder of the model to start from", run => run.Model, (run, value) => run with { Model = value });
        section.Path("config", "a config.json, or a folder that holds one, to start from random weights", run => run.Config, (run, value) => run with { Config = value });
        section.Path("tokenizer", "the folder of the tokenizer, where it is not the model's or the configuration's", run => run.Tokenizer, (run, value) => run with { Tokenizer = value });
        section.Path("output", "the folder that the run writes to", run => run.Output, (run, value) => run with { Output = value });
        section.Texts("train", "what is trained: 'all', 'adapter', or patterns of parameter names", run => run.Train, (run, value) => run with { Train = value });
        section.Whole("seed", "decides initial weights, order and dropout", OptionRange.From(0), run => run.Seed, (run, value) => run with { Seed = value });
        section.Text("device", "where to compute", new OptionRange("cpu, cuda or cuda:N", value => IsDevice((string)value)), run => run.Device, (run, value) => run with { Device = value });
        section.Choice("dtype", "the type of weights and activations while training",
            [("float32", ElementType.F32), ("float64", ElementType.F64)], run => run.Dtype, (run, value) => run with { Dtype = value });
        section.Whole("threads", "threads that compute, where it is not one for each processor", OptionRange.Between(1, 1024), run => run.Threads, (run, value) => run with { Threads = (int)value });
        return section.Keys;
    }

    private static IReadOnlyList<OptionKey> Data()
    {
        OptionSection<DataOptions> section = new("data", "", options => options.Data, (options, data) => options with { Data = data });
        section.Paths("train_files", "the files to train on", data => data.TrainFiles, (data, value) => data with { TrainFiles = value });
        section.Paths("eval_files", "the files to evaluate on", data => data.EvalFiles, (data, value) => data with { EvalFiles = value });
        section.Numbers("weights", "how often each training file is drawn from, relative to the others", OptionRange.Above(0), data => data.Weights, (data, value) => data with { Weights = value });
        section.Choice("format", "how the files are read; auto goes by their extensions",
            [("auto", DataFormat.Auto), ("text", DataFormat.Text), ("jsonl", DataFormat.JsonLines)], data => data.Format, (data, value) => data with { Format = value });
        section.Whole("max_length", "the most tokens of a sequence", OptionRange.Between(2, MostTokens), data => data.MaxLength, (data, value) => data with { MaxLength = (int)value });
        section.Choice("over_length", "what becomes of longer documents; auto splits for lm and skips otherwise",
            [("auto", OverLength.Auto), ("split", OverLength.Split), ("truncate", OverLength.Truncate), ("skip", OverLength.Skip), ("refuse", OverLength.Refuse)],
            data => data.OverLength, (data, value) => data with { OverLength = value });
        section.Switch("skip_bad", "leave out records that cannot be read, and count them, in place of ending", data => data.SkipBad, (data, value) => data with { SkipBad = value });
        section.Switch("shuffle", "draw the documents in random order", data => data.Shuffle, (data, value) => data with { Shuffle = value });
        section.Switch("pack", "lay several documents into one sequence, none of which sees another", data => data.Pack, (data, value) => data with { Pack = value });
        section.Text("document_separator", "the text between documents of a text file, which is one document otherwise", OptionRange.NotEmpty,
            data => data.DocumentSeparator, (data, value) => data with { DocumentSeparator = value });
        return section.Keys;
    }

    private static IReadOnlyList<OptionKey> Adapter()
    {
        OptionSection<AdapterOptions> section = new("adapter", "adapter-", options => options.Adapter, (options, adapter) => options with { Adapter = adapter });
        section.Choice("method", "how the adapter changes weights",
            [("lora", AdapterMethod.Lora), ("dora", AdapterMethod.Dora)], adapter => adapter.Method, (adapter, value) => adapter with { Method = value });
        section.Whole("rank", "the width of its matrices", OptionRange.Between(1, 65536), adapter => adapter.Rank, (adapter, value) => adapter with { Rank = (int)value });
        section.Number("alpha", "its update is scaled by this over the rank", OptionRange.Above(0), adapter => adapter.Alpha, (adapter, value) => adapter with { Alpha = value });
        section.Number("dropout", "the share of its inputs dropped while training", OptionRange.Below(0, 1), adapter => adapter.Dropout, (adapter, value) => adapter with { Dropout = value });
        section.Texts("targets", "the modules it is for", adapter => adapter.Targets, (adapter, value) => adapter with { Targets = value });
        return section.Keys;
    }

    private static IReadOnlyList<OptionKey> Dpo()
    {
        OptionSection<DpoOptions> section = new("dpo", "dpo-", options => options.Dpo, (options, dpo) => options with { Dpo = dpo });
        section.Number("beta", "how strongly the model is held to the reference", OptionRange.Above(0), dpo => dpo.Beta, (dpo, value) => dpo with { Beta = value });
        section.Number("label_smoothing", "the share of preferences taken to be the wrong way round", OptionRange.Below(0, 0.5), dpo => dpo.LabelSmoothing, (dpo, value) => dpo with { LabelSmoothing = value });
        section.Number("nll_weight", "what the chosen replies' own loss counts beside the preference", OptionRange.From(0), dpo => dpo.NllWeight, (dpo, value) => dpo with { NllWeight = value });
        section.Choice("reference", "when the reference's log-probabilities are computed: with each batch, or once before",
            [("live", ReferencePass.Live), ("precomputed", ReferencePass.Precomputed)], dpo => dpo.Reference, (dpo, value) => dpo with { Reference = value });
        section.Path("reference_model", "the folder of the reference, where it is not the model at its start", dpo => dpo.ReferenceModel, (dpo, value) => dpo with { ReferenceModel = value });
        return section.Keys;
    }

    private static IReadOnlyList<OptionKey> Optimizer()
    {
        OptionSection<OptimizerOptions> section = new("optimizer", "", options => options.Optimizer, (options, optimizer) => options with { Optimizer = optimizer });
        section.Number("learning_rate", "the highest learning rate", OptionRange.Above(0), o => o.LearningRate, (o, value) => o with { LearningRate = value });
        section.Number("beta1", "the decay of the gradients' mean", OptionRange.Below(0, 1), o => o.Beta1, (o, value) => o with { Beta1 = value });
        section.Number("beta2", "the decay of the squared gradients' mean", OptionRange.Below(0, 1), o => o.Beta2, (o, value) => o with { Beta2 = value });
        section.Number("epsilon", "added to the root of that mean", OptionRange.Above(0), o => o.Epsilon, (o, value) => o with { Epsilon = value });
        section.Number("weight_decay", "the share of a weight taken off in a step, times the learning rate", OptionRange.From(0), o => o.WeightDecay, (o, value) => o with { WeightDecay = value });
        section.Number("clip_norm", "scale gradients with a larger norm down to this; 0 is off", OptionRange.From(0), o => o.ClipNorm, (o, value) => o with { ClipNorm = value });
        section.Choice("schedule", "how the learning rate goes on after the warm-up",
            [("wsd", LearningRateSchedule.WarmupStableDecay), ("cosine", LearningRateSchedule.Cosine), ("constant", LearningRateSchedule.Constant)],
            o => o.Schedule, (o, value) => o with { Schedule = value });
        section.Span("warmup", "steps over which the learning rate rises, or their share of all, below 1", o => o.Warmup, (o, value) => o with { Warmup = value });
        section.Span("decay", "last steps over which wsd lets it fall, or their share of all, below 1", o => o.Decay, (o, value) => o with { Decay = value });
        section.Number("min_ratio", "where wsd and cosine end, as a share of the highest learning rate", OptionRange.Between(0, 1), o => o.MinRatio, (o, value) => o with { MinRatio = value });
        section.Whole("steps", "end after so many steps", OptionRange.From(1), o => o.Steps, (o, value) => o with { Steps = value });
        section.Number("epochs", "end after so many passes over the data; without steps and epochs, one", OptionRange.Above(0), o => o.Epochs, (o, value) => o with { Epochs = value });
        section.Whole("batch_tokens", "tokens of one step", OptionRange.Between(1, MostTokens), o => o.BatchTokens, (o, value) => o with { BatchTokens = (int)value });
        section.Whole("micro_batch_tokens", "the most tokens computed at once", OptionRange.Between(1, MostTokens), o => o.MicroBatchTokens, (o, value) => o with { MicroBatchTokens = (int)value });
        section.Switch("activation_checkpointing", "compute activations again in the backward pass in place of keeping them", o => o.ActivationCheckpointing, (o, value) => o with { ActivationCheckpointing = value });
        section.Whole("bad_step_limit", "end after so many steps in a row without a finite loss and gradient", OptionRange.Between(1, int.MaxValue), o => o.BadStepLimit, (o, value) => o with { BadStepLimit = (int)value });
        return section.Keys;
    }

    private static IReadOnlyList<OptionKey> Loop()
    {
        OptionSection<LoopOptions> section = new("loop", "", options => options.Loop, (options, loop) => options with { Loop = loop });
        section.Whole("eval_every", "evaluate after so many steps; 0 is at the end only", OptionRange.From(0), loop => loop.EvalEvery, (loop, value) => loop with { EvalEvery = value });
        section.Whole("checkpoint_every", "write a checkpoint after so many steps; 0 is off", OptionRange.From(0), loop => loop.CheckpointEvery, (loop, value) => loop with { CheckpointEvery = value });
        section.Number("checkpoint_minutes", "write a checkpoint after so many minutes; 0 is off", OptionRange.From(0), loop => loop.CheckpointMinutes, (loop, value) => loop with { CheckpointMinutes = value });
        section.Whole("keep_last", "keep so many of the last checkpoints", OptionRange.Between(1, 1000), loop => loop.KeepLast, (loop, value) => loop with { KeepLast = (int)value });
        section.Switch("keep_best", "also keep the checkpoint with the lowest evaluation loss", loop => loop.KeepBest, (loop, value) => loop with { KeepBest = value });
        section.Whole("log_every", "record the loss and the rest after so many steps", OptionRange.From(1), loop => loop.LogEvery, (loop, value) => loop with { LogEvery = value });
        section.Choice("resume", "whether to go on from the output folder's last checkpoint",
            [("auto", Resume.Auto), ("never", Resume.Never)], loop => loop.Resume, (loop, value) => loop with { Resume = value });
        section.Choice("save_dtype", "the type that the model's weights are written in",
            [("bf16", ElementType.BF16), ("f32", ElementType.F32)], loop => loop.SaveDtype, (loop, value) => loop with { SaveDtype = value });
        return section.Keys;
    }

    private static bool IsDevice(string device) =>
        device is "cpu" or "cuda" || (device.StartsWith("cuda:", StringComparison.Ordinal) && device[5..] is { Length: > 0 and < 4 } index && index.All(char.IsAsciiDigit));
}
