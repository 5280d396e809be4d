using System.Collections.Immutable;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Adapters;

/// <summary>A tensor of an adapter to write, named by <see cref="AdapterTensorNames"/>.</summary>
internal sealed record AdapterTensor(string Name, ImmutableArray<long> Shape, ReadOnlyMemory<float> Values);

/// <summary>Writes an adapter's folder as <see cref="Adapter"/> reads it.</summary>
internal static class AdapterWriter
{
    /// <summary>
    /// Writes <c>adapter_model.safetensors</c> and <c>adapter_config.json</c> into a folder, which is created where needed; each file is there whole or as it
    /// was. Which modules are targets and which are held whole follows from the tensors.
    /// </summary>
    /// <param name="folder">Where the adapter goes; an adapter there is replaced.</param>
    /// <param name="model">The model it is for.</param>
    /// <param name="config">Rank, alpha and method; its target_modules and modules_to_save are not looked at.</param>
    /// <param name="tensors">A and B (and magnitudes) of each adapted module, and tensors held whole.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <exception cref="AdapterException">The folder cannot be written.</exception>
    /// <exception cref="CheckpointException">The tensors' file cannot be written.</exception>
    public static void Write(string folder, HymbaConfig model, AdapterConfig config, IReadOnlyList<AdapterTensor> tensors, ElementType type = ElementType.F32)
    {
        ImmutableArray<(AdapterTensorKind Kind, string Name)> parts = [.. tensors.Select(tensor => AdapterTensorNames.Parse(tensor.Name)
            ?? throw new ArgumentException($"{tensor.Name} is no name of an adapter's tensor.", nameof(tensors)))];
        config = config with
        {
            TargetModules = ModuleSelection.Of(Targets(model, [.. parts.Where(part => part.Kind == AdapterTensorKind.Down).Select(part => part.Name)])),
            ExcludedModules = ModuleSelection.None,
            ModulesToSave = [.. parts.Where(part => part.Kind == AdapterTensorKind.Whole && IsOfModule(part.Name)).Select(part => AdapterModules.ModuleOf(part.Name)).Distinct()],
        };
        string configFile = Path.Combine(folder, AdapterConfig.FileName), temporary = $"{configFile}.{Guid.NewGuid():N}.tmp";
        try
        {
            _ = Directory.CreateDirectory(folder);
            using SafetensorsWriter writer = new(
                Path.Combine(folder, AdapterTensorNames.FileName), tensors.Select(tensor => new TensorInfo(tensor.Name, type, tensor.Shape)));
            foreach (AdapterTensor tensor in tensors)
                writer.Write(tensor.Name, tensor.Values.Span);
            File.WriteAllBytes(temporary, config.ToJson());
            writer.Complete();
            File.Move(temporary, configFile, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AdapterException($"{folder}: cannot be written: {error.Message}", error);
        }
        finally
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
        }
    }

    /// <summary>The names that choose these modules and no other: a kind where all modules of the kind are adapted, else whole names.</summary>
    private static IEnumerable<string> Targets(HymbaConfig model, HashSet<string> adapted)
    {
        foreach (string kind in AdapterModules.Kinds)
        {
            ModuleSelection selection = ModuleSelection.Of([kind]);
            string[] all = [.. AdapterModules.Of(model).Where(selection.Contains)];
            if (all.All(adapted.Contains))
                yield return kind;
            else
            {
                foreach (string module in all.Where(adapted.Contains))
                    yield return module;
            }
        }
    }

    // Parameters of lists (A_log.0) and the meta tokens belong to no module that could be saved: they are found by their names alone.
    private static bool IsOfModule(string tensor) =>
        tensor.EndsWith(".weight", StringComparison.Ordinal) || tensor.EndsWith(".bias", StringComparison.Ordinal);
}
