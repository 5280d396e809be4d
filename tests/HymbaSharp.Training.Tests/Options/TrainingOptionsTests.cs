using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Tests.Options;

public sealed class TrainingOptionsTests
{
    private static readonly TrainingOptions Least = new()
    {
        Run = new RunOptions { Model = "m", Output = "o" },
        Data = new DataOptions { TrainFiles = ["a.txt"] },
    };

    [Fact]
    public void The_least_is_a_model_a_file_and_where_it_goes() => Least.Validate();

    [Fact]
    public void What_is_missing_is_named()
    {
        Refused(Least with { Run = Least.Run with { Output = null } }, "run.output (--output) is missing");
        Refused(Least with { Run = Least.Run with { Model = null } }, "run.model (--model) and run.config (--config) are both missing");
        Refused(Least with { Data = new DataOptions() }, "data.train_files (--train-files) is empty");
        Refused(Least with { Adapter = new AdapterOptions { Targets = [] } }, "adapter.targets is empty");
        Refused(Least with { Run = Least.Run with { Train = [] } }, "run.train is empty");
    }

    [Fact]
    public void What_contradicts_is_refused()
    {
        RunOptions scratch = Least.Run with { Model = null, Config = "config.json" };
        (Least with { Run = scratch }).Validate();
        Refused(Least with { Run = Least.Run with { Config = "config.json" } }, "are both given");
        Refused(Least with { Run = scratch with { Train = [RunOptions.Adapter] } }, "run.train must be all");
        Refused(Least with { Run = scratch with { Objective = Objective.DirectPreference } }, "run.objective is dpo");
        Refused(Least with { Run = Least.Run with { Train = ["memory_tokens", "all"] } }, "run.train is ['memory_tokens', 'all']; all and adapter stand alone.");
        Refused(Least with { Data = Least.Data with { Weights = [1, 2] } }, "data.weights has 2 numbers for 1 training files");
        Refused(Least with { Data = Least.Data with { MaxLength = 8193 } }, "optimizer.micro_batch_tokens is 8192, less than a sequence of data.max_length 8193.");
        Refused(Least with { Optimizer = new OptimizerOptions { Warmup = StepSpan.OfShare(0.95) } }, "optimizer.warmup is 0.95 and optimizer.decay 0.1");
    }

    [Fact]
    public void Ranges_hold_for_options_that_no_file_gave()
    {
        Refused(Least with { Optimizer = new OptimizerOptions { LearningRate = -1 } }, "optimizer.learning_rate is -1; allowed: above 0.");
        Refused(Least with { Run = Least.Run with { Dtype = Checkpoints.ElementType.F16 } }, "run.dtype is 'F16'; allowed: float32, float64.");
    }

    [Theory]
    [InlineData(Objective.LanguageModel, OverLength.Split)]
    [InlineData(Objective.SupervisedFineTuning, OverLength.Skip)]
    [InlineData(Objective.DirectPreference, OverLength.Skip)]
    internal void Long_documents_are_split_or_skipped_where_nothing_is_said(Objective objective, OverLength expected)
    {
        Assert.Equal(expected, new DataOptions().OverLengthFor(objective));
        Assert.Equal(OverLength.Refuse, new DataOptions { OverLength = OverLength.Refuse }.OverLengthFor(objective));
    }

    private static void Refused(TrainingOptions options, string expected) =>
        Assert.Contains(expected, Assert.Throws<TrainingOptionsException>(options.Validate).Message, StringComparison.Ordinal);
}
