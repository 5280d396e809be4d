using HymbaSharp.CommandLine;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Tokenizers;

namespace HymbaSharp.Training.Tests.Loop;

/// <summary>A folder with all that a run needs in small: a configuration with every feature, a tokenizer, texts, conversations, pairs.</summary>
internal sealed class SmallRun : IDisposable
{
    private const string Configuration = """
        {
          "model_type": "hymba", "vocab_size": 400, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 5, "num_attention_heads": 4, "num_key_value_heads": 2,
          "num_memory_tokens": 3, "global_attn_idx": [0, 4], "sliding_window": 6, "kv_reuse_group": [[1, 2, 3]], "mamba_expand": 2, "mamba_d_state": 4, "mamba_d_conv": 4,
          "mamba_dt_rank": 3, "mamba_conv_bias": true, "mamba_proj_bias": false, "mamba_inner_layernorms": true, "mlp_hidden_act": "silu", "rms_norm_eps": 1e-06, "rope": true,
          "rope_theta": 10000.0, "max_position_embeddings": 256, "tie_word_embeddings": true, "initializer_range": 0.02, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"
        }
        """;

    private const string Template =
        "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";

    private static readonly string[] Animals = ["cat", "dog", "owl", "fox", "hen", "cow"], Places = ["house", "tree", "barn", "lake", "hill"];

    public SmallRun()
    {
        Folder = Directory.CreateTempSubdirectory("hymba-train-").FullName;
        File.WriteAllText(PathOf("config.json"), Configuration);
        (string Animal, string Place)[] scenes = [.. Animals.SelectMany(animal => Places.Select(place => (animal, place)))];
        string[] sentences = [.. scenes.Select(scene => $"The {scene.Animal} sleeps near the {scene.Place}. Where is the {scene.Animal}? Near the {scene.Place}.")];
        BytePairTrainer.Train(sentences, new TokenizerTrainingOptions { VocabularySize = 340, AddPadToken = false }, null, default).Save(PathOf("tokenizer"), Template);
        File.WriteAllLines(PathOf("texts.jsonl"), sentences.Select(sentence => $$"""{"text": "{{sentence}}"}"""));
        File.WriteAllLines(PathOf("chats.jsonl"), scenes.Select(scene =>
            $$"""{"messages": [{"role": "user", "content": "The {{scene.Animal}} sleeps near the {{scene.Place}}. Where?"}, {"role": "assistant", "content": "Near the {{scene.Place}}."}]}"""));
        File.WriteAllLines(PathOf("pairs.jsonl"), scenes.Select(scene =>
            $$"""{"prompt": "The {{scene.Animal}} sleeps near the {{scene.Place}}. Where?", "chosen": " Near the {{scene.Place}}.", "rejected": " I sleep."}"""));
    }

    public string Folder { get; }

    /// <summary>A run from scratch over the texts.</summary>
    public TrainingOptions Scratch => new()
    {
        Run = new RunOptions { Config = PathOf("config.json"), Tokenizer = PathOf("tokenizer"), Output = PathOf("scratch"), Seed = 5, Threads = 2 },
        Data = new() { TrainFiles = [PathOf("texts.jsonl")], MaxLength = 64 },
        Optimizer = new OptimizerOptions { LearningRate = 1e-2, Steps = 10, BatchTokens = 200, MicroBatchTokens = 100, Warmup = StepSpan.OfSteps(2) },
        Loop = new LoopOptions { LogEvery = 1, CheckpointEvery = 3, EvalEvery = 5, KeepLast = 10, SaveDtype = HymbaSharp.Checkpoints.ElementType.F32 },
    };

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Trains; what is said on standard error is returned.</summary>
    public static string Train(TrainingOptions options, CancellationToken cancellationToken = default)
    {
        using StringWriter error = new();
        using Interrupts interrupts = new();
        using (RunLog log = new(options.Run.Output!, Terminal.Of(TextReader.Null, TextWriter.Null, error, interrupts)))
            TrainingRun.Run(options, log, cancellationToken);
        return error.ToString();
    }

    /// <summary>The records of a run.</summary>
    public static StepRecord[] Records(TrainingOptions options) => [.. MetricsFile.Read(Path.Combine(options.Run.Output!, MetricsFile.FileName))];

    /// <summary>The training losses of a run by step.</summary>
    public static double[] Losses(TrainingOptions options) => [.. Records(options).Where(record => record.Loss is not null).Select(record => record.Loss!.Value)];

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
