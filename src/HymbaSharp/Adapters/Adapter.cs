using System.Collections.Immutable;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Weights;

namespace HymbaSharp.Adapters;

/// <summary>
/// An adapter opened for a model: its file mapped, and every tensor of it checked to be part of the model and to fit. Low-rank updates by
/// module, and tensors that replace the checkpoint's own, the meta tokens (<c>model.memory_tokens</c>) among them.
/// </summary>
internal sealed class Adapter : IDisposable
{
    private readonly HymbaConfig _model;
    private readonly double _scale;
    private readonly Dictionary<string, long[]> _shapes;
    private readonly Dictionary<string, LowRankUpdate> _updates = [];
    private readonly Dictionary<string, Tensor> _replacements = [];

    private Adapter(AdapterReference reference, HymbaConfig model, byte[] configJson, AdapterConfig config, SafetensorsFile file)
    {
        _model = model;
        _scale = reference.Scale;
        _shapes = TensorNames.Expected(model).ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        Reference = reference;
        ConfigJson = configJson;
        Config = config;
        File = file;
        Read();
    }

    public AdapterReference Reference { get; }

    public AdapterConfig Config { get; }

    /// <summary>The bytes of its configuration.</summary>
    public byte[] ConfigJson { get; }

    /// <summary>The mapped tensors.</summary>
    public SafetensorsFile File { get; }

    /// <summary>The names of the checkpoint's tensors that it replaces.</summary>
    public IReadOnlyCollection<string> Replaced => _replacements.Keys;

    /// <summary>Opens an adapter.</summary>
    /// <exception cref="AdapterException">It cannot be read, asks for what is not supported, or does not fit the model.</exception>
    /// <exception cref="CheckpointException">Its tensors' file is not well-formed.</exception>
    public static Adapter Open(AdapterReference reference, HymbaConfig model)
    {
        ArgumentException.ThrowIfNullOrEmpty(reference.Folder);
        if (!float.IsFinite(reference.Scale))
            throw new AdapterException($"{reference.Folder}: the scale is {reference.Scale}; allowed are finite numbers.");
        (byte[] json, AdapterConfig config) = ReadConfig(reference.Folder);
        string path = Path.Combine(reference.Folder, AdapterTensorNames.FileName);
        if (!System.IO.File.Exists(path))
        {
            bool pickled = System.IO.File.Exists(Path.Combine(reference.Folder, "adapter_model.bin"));
            throw new AdapterException($"{reference.Folder}: holds no {AdapterTensorNames.FileName}{(pickled ? "; adapter_model.bin is a pickle, which is never read" : "")}.");
        }
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            return new Adapter(reference, model, json, config, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What it does to a module's matrix, or null.</summary>
    public LowRankUpdate? Update(string module) => _updates.GetValueOrDefault(module);

    /// <summary>What stands in place of a tensor of the checkpoint, or null.</summary>
    public Tensor? Replacement(string tensor) => _replacements.GetValueOrDefault(tensor);

    public void Dispose() => File.Dispose();

    private static (byte[] Json, AdapterConfig Config) ReadConfig(string folder)
    {
        string path = Path.Combine(folder, AdapterConfig.FileName);
        if (!System.IO.File.Exists(path))
            throw new AdapterException($"{folder}: {(Directory.Exists(folder) ? $"holds no {AdapterConfig.FileName}, so it is no adapter" : "there is no such folder")}.");
        try
        {
            byte[] json = HymbaConfig.ReadFile(path);
            return (json, AdapterConfig.Parse(json, path));
        }
        catch (HymbaConfigException error)
        {
            throw new AdapterException(error.Message, error);
        }
    }

    private void Read()
    {
        ImmutableArray<string> matrices = [.. AdapterModules.Of(_model)];
        Dictionary<(string Module, AdapterTensorKind Kind), Tensor> parts = [];
        foreach (Tensor tensor in File.Tensors)
        {
            if (AdapterTensorNames.Parse(tensor.Name) is not var (kind, name))
                throw Refuse($"{tensor.Name} is no adapter's tensor; names begin as in {AdapterTensorNames.Down(matrices[0])}");
            if (kind == AdapterTensorKind.Whole)
            {
                _replacements.Add(name, Whole(tensor, name));
                continue;
            }
            if (!matrices.Contains(name))
                throw Refuse($"{tensor.Name}: {name} is no matrix of this model that takes a low-rank update; those of its {_model.LayerCount} layers do: {string.Join(", ", AdapterModules.Kinds)}");
            if (!Config.Targets(name))
                throw Refuse($"{tensor.Name}: {name} is not among the target_modules of {AdapterConfig.FileName}");
            if (kind == AdapterTensorKind.Magnitudes && !Config.Dora)
                throw Refuse($"{tensor.Name}: magnitudes, and use_dora of {AdapterConfig.FileName} is not true");
            if (!parts.TryAdd((name, kind), tensor))
                throw Refuse($"{tensor.Name}: {name} has magnitudes twice");
        }
        foreach (string module in matrices.Where(Config.Targets))
            _updates.Add(module, UpdateOf(module, parts));
        foreach (string saved in Config.ModulesToSave)
        {
            if (!_replacements.Keys.Any(name => name.EndsWith(saved, StringComparison.Ordinal) || AdapterModules.ModuleOf(name).EndsWith(saved, StringComparison.Ordinal)))
                throw Refuse($"{saved} is among the modules_to_save of {AdapterConfig.FileName}, and there is no tensor of it");
        }
        if (_updates.Count == 0 && _replacements.Count == 0)
            throw Refuse($"changes nothing of this model: no matrix is among the target_modules of {AdapterConfig.FileName}, and no tensor is there whole");
    }

    private Tensor Whole(Tensor tensor, string name)
    {
        if (_shapes.TryGetValue(name, out long[]? shape))
            return Fit(tensor, shape);
        if (name == TensorNames.OutputMatrix)
            throw Refuse($"{tensor.Name}: this model has no {name}, its embeddings are tied (tie_word_embeddings)");
        throw Refuse(name.Contains(".lora_", StringComparison.Ordinal)
            ? $"{tensor.Name} is not supported; adapters have lora_A.weight, lora_B.weight and lora_magnitude_vector, of matrices in layers"
            : $"{tensor.Name}: {name} is not part of this model");
    }

    private LowRankUpdate UpdateOf(string module, Dictionary<(string Module, AdapterTensorKind Kind), Tensor> parts)
    {
        long[] shape = _shapes[AdapterModules.WeightOf(module)];
        int rank = Config.RankOf(module);
        Tensor down = Part(AdapterTensorKind.Down, AdapterTensorNames.Down(module), rank, shape[1]);
        Tensor up = Part(AdapterTensorKind.Up, AdapterTensorNames.Up(module), shape[0], rank);
        float[]? magnitudes = Config.Dora ? Part(AdapterTensorKind.Magnitudes, AdapterTensorNames.Magnitudes(module), shape[0]).ToSingles() : null;
        return new LowRankUpdate(WeightMatrix.Of(down), WeightMatrix.Of(up), _scale * Config.ScalingOf(module), magnitudes);

        Tensor Part(AdapterTensorKind kind, string name, params ReadOnlySpan<long> expected) => parts.TryGetValue((module, kind), out Tensor? tensor)
            ? Fit(tensor, expected)
            : throw Refuse($"{name} is missing; {module} is among the target_modules of {AdapterConfig.FileName}");
    }

    private Tensor Fit(Tensor tensor, ReadOnlySpan<long> shape)
    {
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw Refuse($"{tensor.Name} has the shape {TensorInfo.Describe(tensor.Shape.AsSpan())}; this model and {AdapterConfig.FileName} need {TensorInfo.Describe(shape)}");
        return tensor.Type.IsWeight() ? tensor : throw Refuse($"{tensor.Name} is {tensor.Type.Name()}; adapters are F32, F16 or BF16");
    }

    private AdapterException Refuse(string what) => new($"{File.Path}: {what}.");
}
