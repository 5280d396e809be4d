using System.Numerics;
using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>
/// The causal convolution of packed documents with its silu: weight [I, 1, K], bias [I] or none, s [R, I] → c [R, I]. Kernels on the processor
/// (float64 in their scalar twin), shifted tensors elsewhere.
/// </summary>
internal sealed class ConvolutionOperation(RowRange[] documents) : Operation
{
    private Tensor[] _operands = [];

    public static Tensor Apply(Tensor weight, Tensor? bias, Tensor s, RowRange[] documents)
    {
        bias ??= zeros(weight.shape[0], dtype: weight.dtype, device: weight.device);
        return s.device_type == TorchSharp.DeviceType.CPU
            ? new ConvolutionOperation(documents).Invoke(weight, bias, s)[0]
            : InTensors(weight, bias, s, documents);
    }

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        _operands = [Keep(inputs[0].squeeze(1).t().contiguous()), Keep(inputs[1].contiguous()), Keep(inputs[2].contiguous())];
        Tensor c = empty_like(inputs[2]);
        if (c.dtype == ScalarType.Float64)
            ConvolutionKernel.Forward(CpuTensors.Kernels, Operands<double>() with { C = c.MatrixOf<double>() }, documents);
        else
            ConvolutionKernel.Forward(CpuTensors.Kernels, Operands<float>() with { C = c.MatrixOf<float>() }, documents);
        return [c];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor[] results = [.. _operands.Select(operand => empty_like(operand))];
        if (gradients[0].dtype == ScalarType.Float64)
            ConvolutionKernel.Backward(CpuTensors.Kernels, Operands<double>(), Gradients<double>(gradients[0], results), documents);
        else
            ConvolutionKernel.Backward(CpuTensors.Kernels, Operands<float>(), Gradients<float>(gradients[0], results), documents);
        results[0] = results[0].t().contiguous().unsqueeze(1);
        return results;
    }

    private ConvolutionOperands<T> Operands<T>() where T : unmanaged, IFloatingPointIeee754<T> => new()
    {
        Weights = _operands[0].MatrixOf<T>(),
        Bias = _operands[1].MatrixOf<T>(),
        S = _operands[2].MatrixOf<T>(),
    };

    private static ConvolutionGradients<T> Gradients<T>(Tensor c, Tensor[] results) where T : unmanaged, IFloatingPointIeee754<T> => new()
    {
        C = c.MatrixOf<T>(),
        Weights = results[0].MatrixOf<T>(),
        Bias = results[1].MatrixOf<T>(),
        S = results[2].MatrixOf<T>(),
    };

    /// <summary>The same in operations of the tensor library: the rows that each row's taps fall on, and zeros for those that would be of another document.</summary>
    internal static Tensor InTensors(Tensor weight, Tensor bias, Tensor s, RowRange[] documents)
    {
        long rows = s.shape[0], channels = s.shape[1];
        int taps = (int)weight.shape[2];
        long[] under = [.. documents.SelectMany(document => Enumerable.Range(0, document.Count).SelectMany(position =>
            Enumerable.Range(1 - taps, taps).Select(tap => position + tap < 0 ? rows : document.Start + position + tap)))];
        Tensor padded = cat([s, zeros(1, channels, dtype: s.dtype, device: s.device)], 0);
        Tensor window = padded.index_select(0, tensor(under, device: s.device)).view(rows, taps, channels);
        return nn.functional.silu((window * weight.squeeze(1).t()).sum([1]) + bias);
    }

    /// <summary>Each row's position in its document [R].</summary>
    internal static Tensor Positions(RowRange[] documents, Device device) =>
        tensor(documents.SelectMany(document => Enumerable.Range(0, document.Count)).Select(position => (long)position).ToArray(), device: device);
}
