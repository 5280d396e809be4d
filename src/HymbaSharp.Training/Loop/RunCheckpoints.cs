using System.Collections.Immutable;
using System.Globalization;
using HymbaSharp.Checkpoints;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace HymbaSharp.Training.Loop;

/// <summary>
/// The checkpoints of a run, folders of its output folder: <c>step-N</c> with the model as the engine opens it and, in float32, all that the run goes on from;
/// <c>best</c> and <c>final</c> with the model alone. A folder appears whole, by being renamed: what is interrupted or has no room leaves those before as they were.
/// </summary>
internal sealed class RunCheckpoints(string folder, ModelExport export)
{
    /// <summary>The model after the run.</summary>
    public const string Final = "final";

    /// <summary>The model with the least evaluation loss.</summary>
    public const string Best = "best";

    private const string StepPrefix = "step-";
    private const string TemporaryPrefix = ".writing-";
    private const string TensorsFile = "training.safetensors";
    /// <summary>Where the run stands, in a step's folder.</summary>
    public const string StateFile = "training.json";
    private const string ParameterPrefix = "parameter.", FirstPrefix = "first_moment.", SecondPrefix = "second_moment.";

    /// <summary>The steps that can be resumed from, the latest first.</summary>
    public IEnumerable<string> Resumable => !Directory.Exists(folder) ? [] : Directory.EnumerateDirectories(folder, StepPrefix + "*")
        .Where(path => StepOf(path) is not null && File.Exists(Path.Combine(path, StateFile)))
        .OrderByDescending(StepOf);

    /// <summary>Writes <c>step-N</c> and drops all but the last <paramref name="keep"/>.</summary>
    public void Save(RunState state, TwinParameters parameters, AdamW optimizer, int keep)
    {
        Write(StepPrefix + state.Step.ToString("D8", CultureInfo.InvariantCulture), target =>
        {
            export.Write(target, parameters);
            WriteTensors(Path.Combine(target, TensorsFile), parameters, optimizer);
            state.Write(Path.Combine(target, StateFile));
        });
        foreach (string old in Resumable.Skip(keep).ToArray())
            Directory.Delete(old, recursive: true);
    }

    /// <summary>Writes <see cref="Best"/> or <see cref="Final"/>, in place of an earlier one.</summary>
    public void SaveModel(string name, TwinParameters parameters) => Write(name, target => export.Write(target, parameters));

    /// <summary>Brings weights and moments to where a checkpoint left them.</summary>
    /// <exception cref="HymbaException">It is damaged, or of another model.</exception>
    public static RunState Restore(string path, TwinParameters parameters, AdamW optimizer)
    {
        using IDisposable unrecorded = no_grad();
        using var scope = NewDisposeScope();
        RunState state = RunState.Read(Path.Combine(path, StateFile));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(path, TensorsFile));
        foreach ((string name, Tensor value) in parameters.Trained)
            Copy(file, ParameterPrefix + name, value);
        foreach ((string name, Tensor first, Tensor second) in optimizer.Moments)
        {
            Copy(file, FirstPrefix + name, first);
            Copy(file, SecondPrefix + name, second);
        }
        optimizer.Steps = state.OptimizerSteps;
        return state;
    }

    private static void Copy(SafetensorsFile file, string name, Tensor target)
    {
        if (!file.TryGet(name, out HymbaSharp.Checkpoints.Tensor? tensor) || !tensor.Shape.AsSpan().SequenceEqual(target.shape))
            throw new CheckpointException($"{file.Path}: {name} is missing or has another shape than [{string.Join(", ", target.shape)}]: a checkpoint of another run.");
        _ = target.copy_(from_array(tensor.ToSingles()).reshape(target.shape));
    }

    private static void WriteTensors(string path, TwinParameters parameters, AdamW optimizer)
    {
        (string Name, Tensor Value)[] tensors =
        [
            .. parameters.Trained.Select(parameter => (ParameterPrefix + parameter.Name, parameter.Value)),
            .. optimizer.Moments.SelectMany(moment => new[] { (FirstPrefix + moment.Name, moment.First), (SecondPrefix + moment.Name, moment.Second) }),
        ];
        ImmutableArray<TensorInfo> infos = [.. tensors.Select(tensor => new TensorInfo(tensor.Name, ElementType.F32, [.. tensor.Value.shape]))];
        using SafetensorsWriter writer = new(path, infos);
        foreach ((string name, Tensor value) in tensors)
            writer.Write(name, ModelExport.Values(value));
        writer.Complete();
    }

    private void Write(string name, Action<string> content)
    {
        string target = Path.Combine(folder, name), temporary = Path.Combine(folder, TemporaryPrefix + name);
        try
        {
            Remove(temporary);
            _ = Directory.CreateDirectory(temporary);
            content(temporary);
            // An earlier one of the same name goes only now that its successor lies there whole.
            string replaced = temporary + "-old";
            Remove(replaced);
            if (Directory.Exists(target))
                Directory.Move(target, replaced);
            Directory.Move(temporary, target);
            Remove(replaced);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{target}: the checkpoint cannot be written, those before it are as they were: {error.Message}", error);
        }
        finally
        {
            Remove(temporary);
        }
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    private static int? StepOf(string path) =>
        int.TryParse(Path.GetFileName(path).AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : null;
}
