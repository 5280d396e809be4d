namespace HymbaSharp.Training.Options;

/// <summary>A whole training run. <c>hymba-train run --help</c> lists every option.</summary>
internal sealed record TrainingOptions
{
    /// <summary>What is trained, from what, and where it goes.</summary>
    public RunOptions Run { get; init; } = new();

    /// <summary>What is read, and how it becomes sequences.</summary>
    public DataOptions Data { get; init; } = new();

    /// <summary>The adapter, where one is trained.</summary>
    public AdapterOptions Adapter { get; init; } = new();

    /// <summary>Direct preference optimisation, where that is the objective.</summary>
    public DpoOptions Dpo { get; init; } = new();

    /// <summary>The optimizer, its learning rate, and how much a step takes in.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>What happens beside the steps.</summary>
    public LoopOptions Loop { get; init; } = new();

    /// <summary>Reads a run file: TOML, or JSON by its extension. Relative paths in it start from its folder.</summary>
    /// <exception cref="TrainingOptionsException">The file is wrong, or an option in it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TrainingOptions Load(string path)
    {
        TrainingOptions options = RunFile.Read(path);
        options.Validate();
        return options;
    }

    /// <summary>All options, defaults included, as a run file: reading it again gives the same run from any folder.</summary>
    public string ToToml() => RunFile.Write(this);

    /// <summary>Checks each option and that they fit each other.</summary>
    /// <exception cref="TrainingOptionsException">One is out of range or missing, or two contradict each other.</exception>
    public void Validate()
    {
        foreach (OptionKey key in OptionTable.Keys)
            key.Validate(this);
        ValidateRun();
        ValidateData();
        Require(Adapter.Targets.Count > 0, "adapter.targets is empty; name at least one module.");
        Require(Optimizer.Warmup.Share + Optimizer.Decay.Share <= 1,
            $"optimizer.warmup is {Optimizer.Warmup.Share} and optimizer.decay {Optimizer.Decay.Share} of all steps; together they may be at most 1.");
    }

    private void ValidateRun()
    {
        Require(Run.Output is not null, "run.output (--output) is missing; name the folder that the run writes to.");
        Require(Run.Model is null != Run.Config is null,
            $"run.model (--model) and run.config (--config) are {(Run.Model is null ? "both missing" : "both given")}; give the model to start from, or the configuration to start from random weights.");
        Require(Run.Train.Count > 0, "run.train is empty; name all, adapter, or patterns of parameter names.");
        Require(Run.Train.Count == 1 || !Run.Train.Any(name => name is RunOptions.All or RunOptions.Adapter),
            $"run.train is {OptionKind.Show(Run.Train.ToArray<object>())}; all and adapter stand alone.");
        Require(Run.Config is null || Run.TrainsAll, "run.config starts from random weights, so run.train must be all.");
        Require(Run.Config is null || Run.Objective != Objective.DirectPreference, "run.objective is dpo, which needs a trained model: give run.model in place of run.config.");
    }

    private void ValidateData()
    {
        Require(Data.TrainFiles.Count > 0, "data.train_files (--train-files) is empty; name the files to train on.");
        Require(Data.Weights.Count == 0 || Data.Weights.Count == Data.TrainFiles.Count,
            $"data.weights has {Data.Weights.Count} numbers for {Data.TrainFiles.Count} training files; give one for each, or none.");
        Require(Optimizer.MicroBatchTokens >= Data.MaxLength,
            $"optimizer.micro_batch_tokens is {Optimizer.MicroBatchTokens}, less than a sequence of data.max_length {Data.MaxLength}.");
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
            throw new TrainingOptionsException(message);
    }
}
