using HymbaSharp.Chat;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Cli.Inspection;

/// <summary>All there is to say about a checkpoint's folder. Only the configuration has to be there.</summary>
internal sealed class ModelReport
{
    private ModelReport(string folder)
    {
        Folder = folder;
        Config = HymbaConfig.Load(folder);
        Memory = new SequenceMemory(Config);
        ReadWeights();
        ReadTokenizer();
    }

    public string Folder { get; }

    public HymbaConfig Config { get; }

    public SequenceMemory Memory { get; }

    /// <summary>The weights by type, or null where there are none.</summary>
    public WeightsReport? Weights { get; private set; }

    public Tokenizer? Tokenizer { get; private set; }

    /// <summary>What keeps the checkpoint from running, one sentence each.</summary>
    public List<string> Problems { get; } = [];

    /// <exception cref="HymbaConfigException">The configuration cannot be read or is not supported.</exception>
    public static ModelReport Of(string folder) => new(folder);

    private void ReadWeights()
    {
        if (!File.Exists(Path.Combine(Folder, Checkpoint.FileName)) && !File.Exists(Path.Combine(Folder, Checkpoint.IndexFileName)))
            return;
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(Folder);
            Weights = new WeightsReport(checkpoint);
            Problems.AddRange(checkpoint.Validate(Config));
        }
        catch (CheckpointException error)
        {
            Problems.Add(error.Message);
        }
    }

    private void ReadTokenizer()
    {
        if (!File.Exists(Path.Combine(Folder, "tokenizer.model")) && !File.Exists(Path.Combine(Folder, "tokenizer.json")))
            return;
        try
        {
            Tokenizer = Tokenizer.Load(Folder);
            if (Tokenizer.VocabularySize > Config.VocabularySize)
                Problems.Add($"The tokenizer has {Tokenizer.VocabularySize} tokens, the model's vocabulary (vocab_size) {Config.VocabularySize}.");
            if (Tokenizer.ChatTemplate is { } template)
                _ = ChatTemplate.Parse(template);
        }
        catch (Exception error) when (error is TokenizerException or ChatTemplateException)
        {
            Problems.Add(error.Message);
        }
    }
}

/// <summary>What the weight files hold.</summary>
internal sealed class WeightsReport(Checkpoint checkpoint)
{
    public IReadOnlyList<(string Name, long Bytes)> Files { get; } = [.. checkpoint.Files.Select(file => (Path.GetFileName(file.Path), file.Length))];

    public long Bytes => Files.Sum(file => file.Bytes);

    public int Tensors { get; } = checkpoint.Names.Count;

    /// <summary>Values by the type they are stored in, the most first.</summary>
    public IReadOnlyList<(ElementType Type, long Count)> Types { get; } =
        [.. checkpoint.Files.SelectMany(file => file.Tensors).GroupBy(tensor => tensor.Type)
            .Select(group => (group.Key, group.Sum(tensor => tensor.ElementCount))).OrderByDescending(type => type.Item2)];
}
