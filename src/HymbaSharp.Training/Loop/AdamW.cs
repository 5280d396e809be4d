using HymbaSharp.Training.Kernels;
using HymbaSharp.Training.Operations;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Loop;

/// <summary>Adam with decoupled weight decay (arXiv 1711.05101) over named parameters. Matrices decay; norms, biases, decays of the state and meta tokens don't.</summary>
internal sealed class AdamW : IDisposable
{
    private readonly Slot[] _slots;
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _epsilon;

    public AdamW(IEnumerable<(string Name, Tensor Value)> parameters, double beta1, double beta2, double epsilon, double weightDecay)
    {
        (_beta1, _beta2, _epsilon) = (beta1, beta2, epsilon);
        using IDisposable unrecorded = no_grad();
        _slots = [.. parameters.Select(parameter => new Slot(
            parameter.Name,
            parameter.Value,
            zeros_like(parameter.Value, requires_grad: false).DetachFromDisposeScope(),
            zeros_like(parameter.Value, requires_grad: false).DetachFromDisposeScope(),
            Decays(parameter.Name) ? weightDecay : 0))];
    }

    /// <summary>Steps taken.</summary>
    public int Steps { get; set; }

    /// <summary>The moments under the parameters' names.</summary>
    public IEnumerable<(string Name, Tensor First, Tensor Second)> Moments => _slots.Select(slot => (slot.Name, slot.First, slot.Second));

    /// <summary>The norm of all gradients together; NaN or infinite where one is.</summary>
    public double GradientNorm()
    {
        using var scope = NewDisposeScope();
        double squares = 0;
        List<Tensor> elsewhere = [];
        foreach (Slot slot in _slots)
        {
            if (slot.Parameter.grad is not { } gradient)
                continue;
            if (CpuTensors.IsForKernels(gradient))
                squares += SumOfSquares(gradient.contiguous());
            else
                elsewhere.Add(gradient.norm());
        }
        // A device is waited for once, not for each.
        if (elsewhere.Count > 0)
            squares += stack(elsewhere).to(ScalarType.Float64).square().sum().item<double>();
        return Math.Sqrt(squares);
    }

    /// <summary>Takes a step with gradients times <paramref name="gradientScale"/>. Parameters without a gradient stay.</summary>
    public void Step(double learningRate, double gradientScale)
    {
        using IDisposable unrecorded = no_grad();
        using var scope = NewDisposeScope();
        Steps++;
        foreach (Slot slot in _slots)
        {
            if (slot.Parameter.grad is not { } gradient)
                continue;
            if (CpuTensors.IsForKernels(slot.Parameter))
                StepWithKernel(slot, gradient.contiguous(), learningRate, gradientScale);
            else
                StepWithTensors(slot, gradientScale == 1 ? gradient : gradient * gradientScale, learningRate);
        }
    }

    /// <summary>Clears the gradients.</summary>
    public void ClearGradients()
    {
        foreach (Slot slot in _slots)
        {
            using Tensor? gradient = slot.Parameter.grad;
            _ = gradient?.zero_();
        }
    }

    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            slot.First.Dispose();
            slot.Second.Dispose();
        }
    }

    /// <summary>Whether a parameter decays: one that multiplies rows, as the original's training leaves out norms, biases, A_log and D.</summary>
    internal static bool Decays(string name)
    {
        // Parts of a low-rank update follow a colon.
        string part = name[(name.LastIndexOf(':') + 1)..];
        if (part.StartsWith("lora_", StringComparison.Ordinal))
            return part != "lora_magnitude_vector";
        string[] parts = name.Split('.');
        return parts[^1] == "weight" && !parts[^2].Contains("norm", StringComparison.Ordinal) && parts[^2] != "conv1d";
    }

    private static unsafe double SumOfSquares(Tensor gradient)
    {
        lock (CpuTensors.Gate)
            return Kernels.GradientNorm.SumOfSquares(CpuTensors.Kernels, gradient.Floats(), gradient.numel());
    }

    private unsafe void StepWithKernel(Slot slot, Tensor gradient, double learningRate, double gradientScale)
    {
        AdamWStep step = new()
        {
            Number = Steps,
            LearningRate = learningRate,
            Beta1 = _beta1,
            Beta2 = _beta2,
            Epsilon = _epsilon,
            WeightDecay = slot.WeightDecay,
            GradientScale = gradientScale,
        };
        lock (CpuTensors.Gate)
            AdamWKernel.Step(CpuTensors.Kernels, step, slot.Parameter.Floats(), gradient.Floats(), slot.First.Floats(), slot.Second.Floats(), gradient.numel());
    }

    private void StepWithTensors(Slot slot, Tensor gradient, double learningRate)
    {
        _ = slot.Parameter.mul_(1 - (learningRate * slot.WeightDecay));
        _ = slot.First.lerp_(gradient, 1 - _beta1);
        _ = slot.Second.mul_(_beta2).addcmul_(gradient, gradient, 1 - _beta2);
        double first = 1 - Math.Pow(_beta1, Steps), second = 1 - Math.Pow(_beta2, Steps);
        Tensor denominator = slot.Second.sqrt().div_(Math.Sqrt(second)).add_(_epsilon);
        _ = slot.Parameter.addcdiv_(slot.First, denominator, -learningRate / first);
    }

    private sealed record Slot(string Name, Tensor Parameter, Tensor First, Tensor Second, double WeightDecay);
}
