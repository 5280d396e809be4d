using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>silu(gate) · up, both [R, F].</summary>
internal static class SiluGateOperation
{
    public static Tensor Apply(Tensor gate, Tensor up) => nn.functional.silu(gate) * up;
}
