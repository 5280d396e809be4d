using System.Text;
using System.Text.Json.Nodes;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Weights;

/// <summary>Writes a quantised copy of a checkpoint, a few rows in memory at a time; the same bytes on every machine.</summary>
public static unsafe class CheckpointQuantizer
{
    private const int PieceBytes = 8 << 20;

    /// <summary>
    /// Writes config.json with its <c>quantization_config</c>, the tokenizer's files and <c>model.safetensors</c>, where a quantised matrix is a
    /// tensor of bytes in the layout of docs/quantization.md. The folder appears whole at the end, or not at all.
    /// </summary>
    /// <param name="modelFolder">A checkpoint of floats.</param>
    /// <param name="outputFolder">Where the copy goes; must not exist, or be empty.</param>
    /// <param name="scheme">The recipe.</param>
    /// <param name="calibration">What the errors of columns count by, measured on this model; null: all the same. It moves the scales of four bits only.</param>
    /// <param name="progress">Told the fraction that is written, from 0 to 1.</param>
    /// <param name="cancellationToken">Stops the work and leaves nothing behind.</param>
    /// <exception cref="HymbaConfigException">The model's configuration cannot be read or is not supported.</exception>
    /// <exception cref="CheckpointException">The model can't be read, is quantised already or has weights that are not finite; the folder is not empty or cannot be written.</exception>
    public static void Write(
        string modelFolder, string outputFolder, QuantizationScheme scheme, Calibration? calibration = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        (byte[] json, HymbaConfig config) = Check(modelFolder, outputFolder);
        using Checkpoint checkpoint = Checkpoint.Open(modelFolder);
        if (checkpoint.Validate(config) is { IsEmpty: false } problems)
            throw new CheckpointException($"{modelFolder}: {problems[0]}");
        string temporary = $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(outputFolder))}.{Guid.NewGuid():N}.tmp";
        try
        {
            _ = Directory.CreateDirectory(temporary);
            WriteWeights(checkpoint, config, Path.Combine(temporary, Checkpoint.FileName), scheme, calibration, progress, cancellationToken);
            NewCheckpoint.CopyFiles(modelFolder, temporary);
            File.WriteAllBytes(Path.Combine(temporary, HymbaConfig.FileName), WithScheme(json, scheme));
            if (Directory.Exists(outputFolder))
                Directory.Delete(outputFolder);
            Directory.Move(temporary, outputFolder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{outputFolder}: cannot be written: {error.Message}", error);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Refuses what <see cref="Write"/> would refuse before it reads a weight.</summary>
    /// <exception cref="HymbaConfigException">The model's configuration cannot be read or is not supported.</exception>
    /// <exception cref="CheckpointException">The model is quantised already; the folder is not empty.</exception>
    public static void Validate(string modelFolder, string outputFolder) => _ = Check(modelFolder, outputFolder);

    private static (byte[] Json, HymbaConfig Config) Check(string modelFolder, string outputFolder)
    {
        string configFile = Path.Combine(modelFolder, HymbaConfig.FileName);
        byte[] json = HymbaConfig.ReadFile(configFile);
        HymbaConfig config = HymbaConfig.Parse(json, configFile);
        if (config.Quantization is { } already)
            throw new CheckpointException($"{modelFolder}: is quantised already ({already.Name()}); a model of floats is needed.");
        if (File.Exists(outputFolder) || (Directory.Exists(outputFolder) && Directory.EnumerateFileSystemEntries(outputFolder).Any()))
            throw new CheckpointException($"{outputFolder}: exists and is not empty; a new or empty folder is needed.");
        return (json, config);
    }

    private static void WriteWeights(
        Checkpoint checkpoint, HymbaConfig config, string path, QuantizationScheme scheme, Calibration? calibration, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        List<(TensorInfo Info, Tensor Source, BlockLayout? Layout)> tensors = [];
        Func<string, WeightType?> recipe = scheme.Recipe(config.LayerCount);
        foreach ((string name, long[] shape) in TensorNames.Expected(config))
        {
            Tensor source = checkpoint.Get(name, shape);
            BlockLayout? layout = recipe(name) is { } type ? new BlockLayout(type, (int)shape[0], (int)shape[1]) : null;
            tensors.Add((new TensorInfo(name, layout is null ? source.Type : ElementType.U8, layout?.TensorShape ?? [.. shape]), source, layout));
        }
        // Blocks first: each is a multiple of a cache line, so that all begin at one.
        tensors = [.. tensors.OrderBy(tensor => tensor.Layout is null ? 1 : 0)];
        long total = tensors.Sum(tensor => tensor.Info.ByteLength), done = 0;
        using SafetensorsWriter writer = new(path, tensors.Select(tensor => tensor.Info));
        foreach ((TensorInfo info, Tensor source, BlockLayout? layout) in tensors)
        {
            foreach (ReadOnlyMemory<byte> piece in layout is { } blocks ? Quantized(source, blocks, calibration?.Importance(info.Name) ?? []) : Stored(source))
            {
                cancellationToken.ThrowIfCancellationRequested();
                writer.Write(info.Name, piece.Span);
                done += piece.Length;
                progress?.Report((double)done / total);
            }
        }
        writer.Complete();
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Quantized(Tensor source, BlockLayout layout, float[] importance)
    {
        int groups = Math.Clamp(PieceBytes / layout.GroupBytes, 1, layout.Groups);
        byte[] piece = new byte[groups * layout.GroupBytes];
        for (int group = 0; group < layout.Groups; group += groups)
        {
            int count = Math.Min(groups, layout.Groups - group);
            Quantize(source, layout, importance, group, count, piece);
            yield return piece.AsMemory(0, count * layout.GroupBytes);
        }
    }

    private static void Quantize(Tensor source, BlockLayout layout, float[] importance, int group, int count, byte[] piece)
    {
        fixed (byte* destination = piece)
            MatrixQuantizer.Quantize(source.Name, WeightMatrix.Of(source), layout, importance, group, count, destination);
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Stored(Tensor source)
    {
        byte[] piece = new byte[(int)Math.Min(PieceBytes, Math.Max(source.ByteLength, 1))];
        for (long start = 0; start < source.ByteLength; start += piece.Length)
        {
            int count = (int)Math.Min(piece.Length, source.ByteLength - start);
            CopyBytes(source, start, piece.AsSpan(0, count));
            yield return piece.AsMemory(0, count);
        }
    }

    private static void CopyBytes(Tensor source, long start, Span<byte> bytes) => new ReadOnlySpan<byte>(source.Data + start, bytes.Length).CopyTo(bytes);

    private static byte[] WithScheme(byte[] json, QuantizationScheme scheme)
    {
        JsonObject config = JsonNode.Parse(json)!.AsObject();
        config[QuantizationKeys.Section] = new JsonObject
        {
            [QuantizationKeys.Method] = QuantizationKeys.OwnMethod,
            [QuantizationKeys.Version] = QuantizationKeys.CurrentVersion,
            [QuantizationKeys.Scheme] = scheme.Name(),
        };
        return Encoding.UTF8.GetBytes(config.ToJsonString(new() { WriteIndented = true }));
    }
}
