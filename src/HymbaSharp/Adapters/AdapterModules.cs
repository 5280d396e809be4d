using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Adapters;

/// <summary>The modules of a model that low-rank updates can have: the seven matrices of each layer.</summary>
internal static class AdapterModules
{
    private const string WeightEnding = ".weight";

    /// <summary>The ends of their names, which as <c>target_modules</c> choose all of them.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["in_proj", "x_proj.0", "dt_proj.0", "out_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>Their names, in model order.</summary>
    public static IEnumerable<string> Of(HymbaConfig config) => Enumerable.Range(0, config.LayerCount).SelectMany(layer => new[]
    {
        ModuleOf(TensorNames.InputProjection(layer)), // [H + Hkv·Dk + Hkv·Dv + I + I, H]
        ModuleOf(TensorNames.SsmProjection(layer)), // [R + 2N, I]
        ModuleOf(TensorNames.TimeStepProjection(layer)), // [I, R]
        ModuleOf(TensorNames.OutputProjection(layer)), // [H, I]
        ModuleOf(TensorNames.MlpGate(layer)), // [F, H]
        ModuleOf(TensorNames.MlpUp(layer)), // [F, H]
        ModuleOf(TensorNames.MlpDown(layer)), // [H, F]
    });

    /// <summary>The module a parameter belongs to: its name without the last part.</summary>
    public static string ModuleOf(string tensor) => tensor[..tensor.LastIndexOf('.')];

    /// <summary>The name of a module's matrix in the checkpoint.</summary>
    public static string WeightOf(string module) => module + WeightEnding;
}
