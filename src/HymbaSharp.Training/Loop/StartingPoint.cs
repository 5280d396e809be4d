using HymbaSharp.Adapters;
using HymbaSharp.Chat;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Loop;

/// <summary>What a run begins from: a checkpoint's folder, or one of random weights made of a configuration.</summary>
internal sealed class StartingPoint
{
    /// <summary>The folder in the output folder that random weights are written to.</summary>
    public const string InitialFolder = "initial";

    private StartingPoint(string folder)
    {
        Folder = folder;
        Config = HymbaConfig.Load(folder);
    }

    /// <summary>Configuration, weights, and the tokenizer that goes with what is trained.</summary>
    public string Folder { get; }

    /// <summary>The configuration.</summary>
    public HymbaConfig Config { get; }

    /// <summary>Finds the checkpoint, or draws random weights.</summary>
    /// <exception cref="HymbaException">There is none, or it cannot be used.</exception>
    public static StartingPoint Of(RunOptions options, CancellationToken cancellationToken)
    {
        if (options.Model is { } model)
            return new StartingPoint(ModelLocation.Find(model));
        string initial = Path.Combine(options.Output!, InitialFolder);
        // A run that goes on has them already.
        if (!File.Exists(Path.Combine(initial, Checkpoint.FileName)))
        {
            string source = Directory.Exists(options.Config) ? options.Config : Path.GetDirectoryName(Path.GetFullPath(options.Config!))!;
            RandomCheckpoint.Write(options.Config!, initial, (ulong)options.Seed, ElementType.F32, cancellationToken: cancellationToken);
            NewCheckpoint.CopyFiles(options.Tokenizer ?? source, initial);
        }
        return new StartingPoint(initial);
    }

    /// <summary>The tokenizer and the chat template.</summary>
    /// <exception cref="HymbaException">There is no tokenizer, or it does not fit the vocabulary.</exception>
    public (Tokenizer Tokenizer, ChatTemplate? Template) Text(string? tokenizerFolder)
    {
        Tokenizer tokenizer = Tokenizer.Load(tokenizerFolder ?? Folder);
        if (tokenizer.VocabularySize > Config.VocabularySize)
            throw new TrainingException($"The tokenizer has {tokenizer.VocabularySize} tokens, the model's vocabulary (vocab_size) {Config.VocabularySize}.");
        return (tokenizer, tokenizer.ChatTemplate is { } source ? ChatTemplate.Parse(source) : null);
    }

    /// <summary>Reads the weights, all frozen.</summary>
    public TwinParameters Load(ScalarType type, Device device)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Folder);
        return TwinParameters.Load(checkpoint, Config, type, device);
    }

    /// <summary>Marks what is trained, and puts low-rank updates beside it where an adapter is.</summary>
    /// <returns>The adapter's description; null where none is trained.</returns>
    /// <exception cref="TrainingException">Nothing is left to train.</exception>
    public AdapterConfig? Select(TwinParameters parameters, TrainingOptions options)
    {
        if (options.Run.TrainsAll)
        {
            parameters.Train(_ => true);
            return null;
        }
        if (options.Run.TrainsAdapter)
        {
            parameters.Train(_ => false);
            return AddTerms(parameters, options);
        }
        foreach (string pattern in options.Run.Train)
        {
            if (!parameters.Names.Any(name => Matches(name, pattern)))
                throw new TrainingException($"run.train: no parameter matches {pattern}. There are: {string.Join(", ", Kinds(parameters.Names))}.");
        }
        parameters.Train(name => options.Run.Train.Any(pattern => Matches(name, pattern)));
        return null;
    }

    private AdapterConfig AddTerms(TwinParameters parameters, TrainingOptions options)
    {
        AdapterOptions adapter = options.Adapter;
        string[] modules = [.. AdapterModules.Of(Config)];
        foreach (string target in adapter.Targets)
        {
            if (!modules.Any(module => Matches(module, target)))
                throw new TrainingException($"adapter.targets: no module matches {target}. There are: {string.Join(", ", AdapterModules.Kinds)}.");
        }
        AdapterConfig config = new()
        {
            Rank = adapter.Rank,
            Alpha = adapter.Alpha,
            Dora = adapter.Method == AdapterMethod.Dora,
            Dropout = adapter.Dropout,
            BaseModel = options.Run.Model,
        };
        using Generator random = new((ulong)options.Run.Seed, CPU);
        foreach (string module in modules.Where(module => adapter.Targets.Any(target => Matches(module, target))))
        {
            string weight = AdapterModules.WeightOf(module);
            parameters.Add(weight, LowRankTerm.Create(parameters[weight], adapter.Rank, adapter.Alpha / adapter.Rank, adapter.Dropout, config.Dora, random));
        }
        return config;
    }

    /// <summary>Whether a name has the pattern's parts in a row, * standing for any one part: in_proj, layers.0, layers.*.mamba.</summary>
    private static bool Matches(string name, string pattern)
    {
        string[] parts = name.Split('.'), wanted = pattern.Split('.');
        return Enumerable.Range(0, Math.Max(0, parts.Length - wanted.Length + 1))
            .Any(start => wanted.Index().All(part => part.Item == "*" || part.Item == parts[start + part.Index]));
    }

    private static IEnumerable<string> Kinds(IEnumerable<string> names) =>
        names.Select(name => string.Join('.', name.Split('.').Where(part => part is not ("model" or "layers") && !int.TryParse(part, out _)))).Distinct();
}
