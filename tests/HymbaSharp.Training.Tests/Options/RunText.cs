namespace HymbaSharp.Training.Tests.Options;

/// <summary>Run files of tests.</summary>
internal static class RunText
{
    /// <summary>Every option, none with its default.</summary>
    public const string Whole = """
        # A comment
        [run]
        objective = "sft"
        model = "models/base"
        tokenizer = "models/tokenizer"
        output = "runs/first"
        train = "adapter"
        seed = 7
        device = "cuda:1"
        dtype = "float64"
        threads = 3

        [data]
        train_files = ["a.jsonl", "/data/b.jsonl"]
        eval_files = ["c.jsonl"]
        weights = [1, 0.25]
        format = "jsonl"
        max_length = 512
        over_length = "truncate"
        skip_bad = true
        shuffle = false
        pack = false
        document_separator = "\n---\n"

        [adapter]
        method = "dora"
        rank = 8
        alpha = 4
        dropout = 0.05
        targets = ["in_proj", "out_proj"]

        [dpo]
        beta = 0.5
        label_smoothing = 0.1
        nll_weight = 0.2
        reference = "precomputed"
        reference_model = "models/reference"

        [optimizer]
        learning_rate = 1e-5
        beta1 = 0.8
        beta2 = 0.99
        epsilon = 1e-6
        weight_decay = 0
        clip_norm = 0.5
        schedule = "cosine"
        warmup = 100
        decay = 0.25
        min_ratio = 0
        steps = 5000
        epochs = 2.5
        batch_tokens = 8192
        micro_batch_tokens = 1024
        activation_checkpointing = true
        bad_step_limit = 2

        [loop]
        eval_every = 50
        checkpoint_every = 0
        checkpoint_minutes = 7.5
        keep_last = 1
        keep_best = false
        log_every = 1
        resume = "never"
        save_dtype = "f32"
        """;

    /// <summary>The same as JSON.</summary>
    public const string WholeJson = """
        {
          "run": { "objective": "sft", "model": "models/base", "tokenizer": "models/tokenizer", "output": "runs/first",
            "train": ["adapter"], "seed": 7, "device": "cuda:1", "dtype": "float64", "threads": 3 },
          "data": { "train_files": ["a.jsonl", "/data/b.jsonl"], "eval_files": "c.jsonl", "weights": [1, 0.25], "format": "jsonl", "max_length": 512,
            "over_length": "truncate", "skip_bad": true, "shuffle": false, "pack": false, "document_separator": "\n---\n" },
          "adapter": { "method": "dora", "rank": 8, "alpha": 4.0, "dropout": 0.05, "targets": ["in_proj", "out_proj"] },
          "dpo": { "beta": 0.5, "label_smoothing": 0.1, "nll_weight": 0.2, "reference": "precomputed", "reference_model": "models/reference" },
          "optimizer": { "learning_rate": 0.00001, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6, "weight_decay": 0, "clip_norm": 0.5, "schedule": "cosine",
            "warmup": 100, "decay": 0.25, "min_ratio": 0, "steps": 5000, "epochs": 2.5, "batch_tokens": 8192, "micro_batch_tokens": 1024,
            "activation_checkpointing": true, "bad_step_limit": 2 },
          "loop": { "eval_every": 50, "checkpoint_every": 0, "checkpoint_minutes": 7.5, "keep_last": 1, "keep_best": false, "log_every": 1,
            "resume": "never", "save_dtype": "f32" }
        }
        """;

    /// <summary>What no run can do without.</summary>
    public const string Least = """
        run.model = "m"
        run.output = "o"
        data.train_files = "a.txt"

        """;
}
