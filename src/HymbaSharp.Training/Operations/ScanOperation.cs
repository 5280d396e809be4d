using System.Numerics;
using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>
/// The gated selective scan of packed documents: A_log [I, N], D [I], Δ before bias and softplus [R, I], its bias [I], c [R, I], B [R, N], C [R, N],
/// gate [R, I] → y [R, I]. Kernels on the processor (float64 in their scalar twin), chunks of tensors elsewhere; either way the states between chunks are all that is kept.
/// </summary>
internal sealed class ScanOperation(RowRange[] documents) : Operation
{
    private Tensor[] _operands = [];
    private Tensor? _states;

    public static Tensor Apply(
        Tensor decayLog, Tensor skip, Tensor delta, Tensor deltaBias, Tensor c, Tensor inputB, Tensor outputC, Tensor gate, RowRange[] documents) =>
        c.device_type == TorchSharp.DeviceType.CPU
            ? new ScanOperation(documents).Invoke(decayLog, skip, delta, deltaBias, c, inputB, outputC, gate)[0]
            : ChunkedScan.Apply(decayLog, skip, delta, deltaBias, c, inputB, outputC, gate, documents);

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        Tensor decay = inputs[0].exp().neg().t().contiguous();
        _operands = [Keep(decay), .. inputs.Skip(1).Select(input => Keep(input.contiguous()))];
        int saved = ScanKernel.SavedStates((int)inputs[4].shape[0]);
        _states = Keep(empty(saved * decay.shape[0], decay.shape[1], dtype: decay.dtype));
        Tensor y = empty_like(inputs[4]);
        if (y.dtype == ScalarType.Float64)
            ScanKernel.Forward(CpuTensors.Kernels, Operands<double>() with { Y = y.MatrixOf<double>() }, documents);
        else
            ScanKernel.Forward(CpuTensors.Kernels, Operands<float>() with { Y = y.MatrixOf<float>() }, documents);
        return [y];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor[] results = [.. _operands.Select(operand => empty_like(operand))];
        if (gradients[0].dtype == ScalarType.Float64)
            ScanKernel.Backward(CpuTensors.Kernels, Operands<double>(), Gradients<double>(gradients[0], results), documents);
        else
            ScanKernel.Backward(CpuTensors.Kernels, Operands<float>(), Gradients<float>(gradients[0], results), documents);
        // A = −exp(A_log), so dA/dA_log = A.
        results[0] = results[0].mul_(_operands[0]).t().contiguous();
        return results;
    }

    private ScanOperands<T> Operands<T>() where T : unmanaged, IFloatingPointIeee754<T> => new()
    {
        A = _operands[0].MatrixOf<T>(),
        Skip = _operands[1].MatrixOf<T>(),
        Delta = _operands[2].MatrixOf<T>(),
        DeltaBias = _operands[3].MatrixOf<T>(),
        C = _operands[4].MatrixOf<T>(),
        InputB = _operands[5].MatrixOf<T>(),
        OutputC = _operands[6].MatrixOf<T>(),
        Gate = _operands[7].MatrixOf<T>(),
        States = _states!.MatrixOf<T>(),
    };

    private static ScanGradients<T> Gradients<T>(Tensor y, Tensor[] results) where T : unmanaged, IFloatingPointIeee754<T> => new()
    {
        Y = y.MatrixOf<T>(),
        A = results[0].MatrixOf<T>(),
        Skip = results[1].MatrixOf<T>(),
        Delta = results[2].MatrixOf<T>(),
        DeltaBias = results[3].MatrixOf<T>(),
        C = results[4].MatrixOf<T>(),
        InputB = results[5].MatrixOf<T>(),
        OutputC = results[6].MatrixOf<T>(),
        Gate = results[7].MatrixOf<T>(),
    };
}
