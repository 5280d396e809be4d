using CsCheck;
using HymbaSharp.Checkpoints;
using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Tests.Options;

public sealed class RunFileTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_says_all_of_a_run()
    {
        TrainingOptions options = TrainingOptions.Load(_folder.Write("run.toml", RunText.Whole));
        Assert.Equal(Objective.SupervisedFineTuning, options.Run.Objective);
        Assert.True(options.Run.TrainsAdapter);
        Assert.Equal(ElementType.F64, options.Run.Dtype);
        Assert.Equal([1, 0.25], options.Data.Weights);
        Assert.Equal(OverLength.Truncate, options.Data.OverLength);
        Assert.Equal("\n---\n", options.Data.DocumentSeparator);
        Assert.Equal(AdapterMethod.Dora, options.Adapter.Method);
        Assert.Equal(["in_proj", "out_proj"], options.Adapter.Targets);
        Assert.Equal(ReferencePass.Precomputed, options.Dpo.Reference);
        Assert.Equal(1e-5, options.Optimizer.LearningRate);
        Assert.Equal(StepSpan.OfSteps(100), options.Optimizer.Warmup);
        Assert.Equal(StepSpan.OfShare(0.25), options.Optimizer.Decay);
        Assert.Equal(2.5, options.Optimizer.Epochs);
        Assert.Equal(Resume.Never, options.Loop.Resume);
        Assert.Equal(ElementType.F32, options.Loop.SaveDtype);
    }

    [Fact]
    public void Toml_and_json_say_the_same()
    {
        TrainingOptions toml = TrainingOptions.Load(_folder.Write("run.toml", RunText.Whole));
        TrainingOptions json = TrainingOptions.Load(_folder.Write("run.json", RunText.WholeJson));
        foreach (OptionKey key in OptionTable.Keys)
            Assert.Equal(key.Get(toml), key.Get(json));
    }

    [Fact]
    public void Every_option_is_read_written_and_read_again()
    {
        TrainingOptions options = TrainingOptions.Load(_folder.Write("run.toml", RunText.Whole)), defaults = new();
        string text = options.ToToml();
        Assert.Equal(text, TrainingOptions.Load(_folder.Write("again.toml", text)).ToToml());
        TrainingOptions again = RunFile.Read(_folder.File("again.toml"));
        foreach (OptionKey key in OptionTable.Keys.Where(key => key.FullName != "run.config"))
        {
            Assert.NotEqual(key.Get(defaults), key.Get(options));
            Assert.Equal(key.Get(options), key.Get(again));
        }
        TrainingOptions scratch = new() { Run = new RunOptions { Config = _folder.File("config.json") } };
        Assert.Equal(scratch.Run.Config, RunFile.Read(_folder.Write("scratch.toml", scratch.ToToml())).Run.Config);
    }

    [Fact]
    public void What_is_written_is_the_same_run_from_any_folder()
    {
        string text = TrainingOptions.Load(_folder.Write("run.toml", RunText.Whole)).ToToml();
        _ = Directory.CreateDirectory(_folder.File("elsewhere"));
        TrainingOptions options = TrainingOptions.Load(_folder.Write(Path.Combine("elsewhere", "run.toml"), text));
        Assert.Equal(_folder.File("models", "base"), options.Run.Model);
    }

    [Fact]
    public void Relative_paths_start_from_the_files_folder()
    {
        TrainingOptions options = TrainingOptions.Load(_folder.Write("run.toml", RunText.Whole));
        Assert.Equal(_folder.File("models", "base"), options.Run.Model);
        Assert.Equal(_folder.File("runs", "first"), options.Run.Output);
        Assert.Equal([_folder.File("a.jsonl"), Path.GetFullPath("/data/b.jsonl")], options.Data.TrainFiles);
        Assert.Equal(_folder.File("models", "reference"), options.Dpo.ReferenceModel);
    }

    [Fact]
    public void Where_a_file_is_silent_defaults_hold()
    {
        TrainingOptions options = TrainingOptions.Load(_folder.Write("run.toml", RunText.Least)), defaults = new();
        foreach (OptionKey key in OptionTable.Keys.Where(key => key.FullName is not ("run.model" or "run.output" or "data.train_files")))
            Assert.Equal(key.Get(defaults), key.Get(options));
    }

    [Theory]
    [InlineData("[optimizer]\nlearning_rat = 1", "optimizer.learning_rat is no option; the closest is optimizer.learning_rate.")]
    [InlineData("[run]\nlearning_rate = 1", "run.learning_rate is no option; the closest is optimizer.learning_rate.")]
    [InlineData("[run]\nouptut = 'x'", "run.ouptut is no option; the closest is run.output.")]
    [InlineData("learning_rate = 1", "learning_rate stands in no section; the closest is optimizer.learning_rate.")]
    [InlineData("[optimiser]\nbeta1 = 0", "[optimiser] is no section; the closest is [optimizer].")]
    [InlineData("optimizer = 3", "optimizer is 3; expected a section of options.")]
    [InlineData("[[optimizer]]\nbeta1 = 0", "optimizer is [a table]; expected a section of options.")]
    public void An_unknown_key_is_refused_with_the_closest_one(string text, string expected) => Refused(text, $": {expected}");

    [Theory]
    [InlineData("optimizer.learning_rate = 'fast'", "optimizer.learning_rate is 'fast'; expected a number.")]
    [InlineData("optimizer.learning_rate = [1, 2]", "optimizer.learning_rate is [1, 2]; expected a number.")]
    [InlineData("optimizer.steps = 1.5", "optimizer.steps is 1.5; expected a whole number.")]
    [InlineData("optimizer.steps = 2020-01-01", "optimizer.steps is 2020-01-01; expected a whole number.")]
    [InlineData("optimizer.warmup = 1.5", "optimizer.warmup is 1.5; expected a whole number of steps, or a share of all steps below 1.")]
    [InlineData("optimizer.warmup = -1", "optimizer.warmup is -1; expected a whole number of steps, or a share of all steps below 1.")]
    [InlineData("data.pack = 1", "data.pack is 1; expected true or false.")]
    [InlineData("data.pack = 'true'", "data.pack is 'true'; expected true or false.")]
    [InlineData("data.train_files = ['a', 1]", "data.train_files is ['a', 1]; expected a path, or a list of such.")]
    [InlineData("run.model = true", "run.model is true; expected a path.")]
    [InlineData("run.objective = 'rl'", "run.objective is 'rl'; expected one of lm, sft, dpo.")]
    [InlineData("run.objective.x = 1", "run.objective is a table; expected one of lm, sft, dpo.")]
    public void A_value_of_another_kind_is_refused(string text, string expected) => Refused(text, $": {expected}");

    [Theory]
    [InlineData("optimizer.learning_rate = 0", "optimizer.learning_rate is 0; allowed: above 0.")]
    [InlineData("optimizer.learning_rate = inf", "optimizer.learning_rate is Infinity; allowed: above 0.")]
    [InlineData("optimizer.learning_rate = nan", "optimizer.learning_rate is NaN; allowed: above 0.")]
    [InlineData("optimizer.beta1 = 1.0", "optimizer.beta1 is 1; allowed: 0 to below 1.")]
    [InlineData("optimizer.batch_tokens = 9000000000000000000", "optimizer.batch_tokens is 9000000000000000000; allowed: 1 to 1073741824.")]
    [InlineData("dpo.label_smoothing = 0.5", "dpo.label_smoothing is 0.5; allowed: 0 to below 0.5.")]
    [InlineData("dpo.nll_weight = -1", "dpo.nll_weight is -1; allowed: 0 or more.")]
    [InlineData("run.device = 'cuda:'", "run.device is 'cuda:'; allowed: cpu, cuda or cuda:N.")]
    [InlineData("run.seed = -1", "run.seed is -1; allowed: 0 or more.")]
    [InlineData("run.model = ''", "run.model is ''; allowed: a text that is not empty.")]
    [InlineData("data.train_files = ['a', '']", "allowed: a text that is not empty.")]
    [InlineData("data.weights = [1, 0]", "data.weights is [1, 0]; allowed: above 0.")]
    public void A_value_out_of_range_is_refused_with_what_is_allowed(string text, string expected) => Refused(text, expected);

    [Theory]
    [InlineData("[run]\nseed = 1\nseed = 2", "line 3: The key `run.seed` is already defined")]
    [InlineData("[run]\nseed == 2", "line 2: Unexpected token `=`")]
    [InlineData("[run]\nseed = 99999999999999999999", "line 2: ")]
    [InlineData("[run", "line 1: ")]
    public void What_is_no_toml_is_refused_with_its_line(string text, string expected) => Refused(text, expected);

    [Fact]
    public void A_text_that_ends_within_an_escape_is_refused() => Refused("[run]\nmodel = \"a\\", "ends within an escape");

    [Theory]
    [InlineData("[1]", "expected a JSON object of sections.")]
    [InlineData("{ \"run\": { \"seed\": 1, \"seed\": 2 } }", "seed")]
    [InlineData("{ \"run\": { \"seed\": null } }", "run.seed is null; expected a whole number.")]
    [InlineData("{ \"run\": { \"seed\": 1e400 } }", "run.seed is Infinity; expected a whole number.")]
    [InlineData("{", "")]
    public void What_is_no_json_is_refused(string text, string expected) => Refused(text, expected, "run.json");

    [Fact]
    public void A_damaged_file_is_refused_or_read_but_never_a_defect()
    {
        Gen.Select(Gen.Int[0, RunText.Whole.Length - 1], Gen.Int[0, 12], Gen.String[Gen.Char["abc[]{}=.,\"'\\#\n0123456789-+eE\u00e9"], 0, 4])
            .Sample((at, count, put) =>
            {
                string text = RunText.Whole.Remove(at, Math.Min(count, RunText.Whole.Length - at)).Insert(at, put);
                try
                {
                    TrainingOptions.Load(_folder.Write("damaged.toml", text)).Validate();
                }
                catch (TrainingOptionsException error)
                {
                    Assert.NotEmpty(error.Message);
                }
            }, iter: 300, threads: 1);
    }

    private void Refused(string text, string expected, string name = "run.toml")
    {
        string path = _folder.Write(name, text);
        string message = Assert.Throws<TrainingOptionsException>(() => TrainingOptions.Load(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }
}
