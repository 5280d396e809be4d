using System.Collections.Immutable;
using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Training.Operations;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace HymbaSharp.Training.Loop;

/// <summary>
/// Writes what a run has trained as the engine opens it: a checkpoint in the published layout where every weight is trained, else an adapter in PEFT's
/// layout, with the low-rank updates and the weights that were trained whole.
/// </summary>
/// <param name="baseFolder">The checkpoint the run began from: its configuration and tokenizer go with the weights.</param>
/// <param name="config">The model.</param>
/// <param name="adapter">Rank, alpha and method of the low-rank updates; null where there are none.</param>
/// <param name="type">The type weights are stored in.</param>
internal sealed class ModelExport(string baseFolder, HymbaConfig config, AdapterConfig? adapter, ElementType type)
{
    /// <summary>Writes into a folder that exists.</summary>
    /// <exception cref="HymbaException">It cannot be written.</exception>
    public void Write(string folder, TwinParameters parameters)
    {
        using IDisposable unrecorded = no_grad();
        if (parameters.Names.All(name => parameters[name].requires_grad))
            WriteCheckpoint(folder, parameters);
        else
            WriteAdapter(folder, parameters);
    }

    /// <summary>A tensor's values in float32, on the processor.</summary>
    public static float[] Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().to(ScalarType.Float32, CPU).contiguous().Span().ToArray();
    }

    private void WriteCheckpoint(string folder, TwinParameters parameters)
    {
        ImmutableArray<TensorInfo> tensors = [.. parameters.Names.Select(name => new TensorInfo(name, type, [.. parameters[name].shape]))];
        using SafetensorsWriter writer = new(Path.Combine(folder, Checkpoint.FileName), tensors);
        foreach (TensorInfo tensor in tensors)
            writer.Write(tensor.Name, Values(parameters[tensor.Name]));
        NewCheckpoint.CopyFiles(baseFolder, folder);
        byte[] json = HymbaConfig.ReadFile(Path.Combine(baseFolder, HymbaConfig.FileName));
        File.WriteAllBytes(Path.Combine(folder, HymbaConfig.FileName), NewCheckpoint.WithStoredType(json, type));
        writer.Complete();
    }

    private void WriteAdapter(string folder, TwinParameters parameters)
    {
        List<AdapterTensor> tensors = [];
        foreach ((string weight, LowRankTerm term) in parameters.Terms)
        {
            string module = AdapterModules.ModuleOf(weight);
            tensors.Add(Of(AdapterTensorNames.Down(module), term.A));
            tensors.Add(Of(AdapterTensorNames.Up(module), term.B));
            if (term.Magnitude is { } magnitude)
                tensors.Add(Of(AdapterTensorNames.Magnitudes(module), magnitude));
        }
        tensors.AddRange(parameters.Names.Where(name => parameters[name].requires_grad).Select(name => Of(AdapterTensorNames.Whole(name), parameters[name])));
        AdapterWriter.Write(folder, config, adapter ?? new AdapterConfig(), tensors, type);
    }

    private static AdapterTensor Of(string name, Tensor tensor) => new(name, [.. tensor.shape], Values(tensor));
}
