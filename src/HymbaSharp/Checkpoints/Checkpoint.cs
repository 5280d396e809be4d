using System.Collections.Immutable;
using HymbaSharp.Configuration;
using HymbaSharp.Weights;

namespace HymbaSharp.Checkpoints;

/// <summary>The weights of a checkpoint's folder: one <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> lists.</summary>
public sealed class Checkpoint : IDisposable
{
    /// <summary>The name of the file that holds all tensors.</summary>
    public const string FileName = "model.safetensors";

    /// <summary>The name of the file that lists the shards.</summary>
    public const string IndexFileName = "model.safetensors.index.json";

    private readonly string _folder;
    private readonly Dictionary<string, Tensor> _tensors = [];

    private Checkpoint(string folder, IReadOnlyList<string> files)
    {
        _folder = folder;
        var opened = ImmutableArray.CreateBuilder<SafetensorsFile>(files.Count);
        try
        {
            foreach (string file in files)
            {
                opened.Add(SafetensorsFile.Open(file));
                foreach (var tensor in opened[^1].Tensors)
                {
                    if (!_tensors.TryAdd(tensor.Name, tensor))
                        throw new CheckpointException($"{file}: {tensor.Name} is also in another shard.");
                }
            }
        }
        catch
        {
            foreach (var file in opened)
                file.Dispose();
            throw;
        }
        Files = opened.ToImmutable();
    }

    /// <summary>The mapped files, in the order of their names.</summary>
    public ImmutableArray<SafetensorsFile> Files { get; }

    /// <summary>The names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>Opens the weights in a folder.</summary>
    /// <exception cref="CheckpointException">There are none, or a file is not well-formed, or the index does not fit the shards.</exception>
    public static Checkpoint Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string single = Path.Combine(folder, FileName);
        if (File.Exists(single))
            return new Checkpoint(folder, [single]);
        string indexFile = Path.Combine(folder, IndexFileName);
        if (!File.Exists(indexFile))
            throw new CheckpointException($"{folder}: holds neither {FileName} nor {IndexFileName}.");

        var index = ShardIndex.Read(indexFile);
        var checkpoint = new Checkpoint(folder, [.. index.Shards.Select(shard => Path.Combine(folder, shard))]);
        try
        {
            index.Check(checkpoint);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Whether a tensor of that name is there.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>A weight by its name, checked to have the shape and a type that weights have.</summary>
    /// <exception cref="CheckpointException">It is missing, has another shape, or is none of F32, F16, BF16.</exception>
    public Tensor Get(string name, params ReadOnlySpan<long> shape)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
            throw new CheckpointException($"{_folder}: {Missing(name)}");
        if (!tensor.Type.IsWeight())
            throw new CheckpointException($"{_folder}: {NotFloats(tensor)}");
        return Misfit(tensor, shape) is { } problem ? throw new CheckpointException($"{_folder}: {problem}") : tensor;
    }

    /// <summary>A matrix [rows, columns] by its name: floats, or blocks as <see cref="BlockLayout"/> has them.</summary>
    /// <exception cref="CheckpointException">It is missing, has another shape, or is neither floats nor blocks.</exception>
    internal WeightMatrix Matrix(string name, int rows, int columns)
    {
        if (!_tensors.TryGetValue(name, out var tensor) || tensor.Type != ElementType.U8)
            return WeightMatrix.Of(Get(name, rows, columns));
        var type = BlockType(tensor, rows, columns) ?? throw new CheckpointException($"{_folder}: {NoBlocks(tensor, rows, columns)}");
        unsafe
        {
            return new WeightMatrix(type, tensor.Data, rows, columns);
        }
    }

    /// <summary>Whether a tensor is stored in blocks, and of which type; null of floats.</summary>
    internal WeightType? BlockType(string name, int rows, int columns) =>
        _tensors.TryGetValue(name, out var tensor) && tensor.Type == ElementType.U8 ? BlockType(tensor, rows, columns) : null;

    /// <summary>Compares the tensors with what the configuration needs.</summary>
    /// <returns>A sentence for each tensor that is missing, misshapen, of a wrong type or unexpected; none where all fits.</returns>
    public ImmutableArray<string> Validate(HymbaConfig config)
    {
        var problems = ImmutableArray.CreateBuilder<string>();
        var known = TensorNames.Tolerated(config).ToHashSet();
        foreach (var (name, shape) in TensorNames.Expected(config))
        {
            _ = known.Add(name);
            string? problem = _tensors.TryGetValue(name, out var tensor) ? Misfit(tensor, shape) : $"{name} is missing.";
            if (problem is not null)
                problems.Add(problem);
        }
        problems.AddRange(Names.Where(name => !known.Contains(name)).Select(name => $"{name} is not part of this model."));
        return problems.ToImmutable();
    }

    /// <summary>Unmaps all files. Pointers into them must no longer be used.</summary>
    public void Dispose()
    {
        foreach (var file in Files)
            file.Dispose();
    }

    internal IEnumerable<(string Name, string Shard)> Locations =>
        Files.SelectMany(file => file.Tensors.Select(tensor => (tensor.Name, Path.GetFileName(file.Path))));

    private static WeightType? BlockType(Tensor tensor, int rows, int columns)
    {
        foreach (var type in (WeightType[])[WeightType.Q8, WeightType.Q4])
        {
            if (tensor.Shape.AsSpan().SequenceEqual(new BlockLayout(type, rows, columns).TensorShape.AsSpan()))
                return type;
        }
        return null;
    }

    private static string NoBlocks(Tensor tensor, int rows, int columns)
    {
        var allowed = ((WeightType[])[WeightType.Q8, WeightType.Q4]).Select(type => $"{type} {TensorInfo.Describe(new BlockLayout(type, rows, columns).TensorShape.AsSpan())}");
        return $"{tensor.Name} is U8 {TensorInfo.Describe(tensor.Shape.AsSpan())}; blocks of a matrix [{rows}, {columns}] are {string.Join(" or ", allowed)}.";
    }

    private static string? Misfit(Tensor tensor, ReadOnlySpan<long> shape)
    {
        if (tensor.Type == ElementType.U8 && TensorNames.IsMatrix(tensor.Name))
            return BlockType(tensor, (int)shape[0], (int)shape[1]) is null ? NoBlocks(tensor, (int)shape[0], (int)shape[1]) : null;
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            return $"{tensor.Name} has the shape {TensorInfo.Describe(tensor.Shape.AsSpan())}; this model needs {TensorInfo.Describe(shape)}.";
        return tensor.Type.IsWeight() ? null : NotFloats(tensor);
    }

    private static string NotFloats(Tensor tensor) => $"{tensor.Name} is {tensor.Type.Name()}; weights are F32, F16 or BF16.";

    private string Missing(string name)
    {
        string? closest = _tensors.Keys.MaxBy(other => Likeness(name, other));
        return closest is null ? $"{name} is missing; there are no tensors." : $"{name} is missing; the closest name there is {closest}.";
    }

    /// <summary>How many characters two names share at their beginnings and ends, less what one is longer.</summary>
    private static int Likeness(string a, string b)
    {
        int shorter = Math.Min(a.Length, b.Length), start = 0, end = 0;
        while (start < shorter && a[start] == b[start])
            start++;
        while (end < shorter - start && a[^(end + 1)] == b[^(end + 1)])
            end++;
        return start + end - Math.Abs(a.Length - b.Length);
    }
}
