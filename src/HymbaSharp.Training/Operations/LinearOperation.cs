using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>
/// Y = X·Wᵀ (+ bias) for rows X [R, in] and W [out, in], its columns parted into several results at no cost: what the mixer's input projection gives
/// is five things, each of which then lies by itself.
/// </summary>
internal sealed class LinearOperation(long[] widths) : Operation
{
    private Tensor? _x;
    private Tensor? _weight;

    /// <summary>The result [R, out].</summary>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias = null) => Split(x, weight, bias, weight.shape[0])[0];

    /// <summary>The results [R, width] for each of the widths, which add up to out.</summary>
    public static Tensor[] Split(Tensor x, Tensor weight, Tensor? bias, params long[] widths)
    {
        Tensor[] results;
        if (CpuTensors.IsForKernels(x) && CpuTensors.IsForKernels(weight))
            results = new LinearOperation(widths).Invoke(x, weight);
        else
            results = widths.Length == 1 ? [nn.functional.linear(x, weight)] : nn.functional.linear(x, weight).split(widths, dim: 1);
        if (bias is null)
            return results;
        Tensor[] biases = bias.split(widths, dim: 0);
        return [.. results.Zip(biases, (result, part) => result + part)];
    }

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        Tensor x = inputs[0].contiguous(), weight = inputs[1];
        (_x, _weight) = (Needs(1) ? Keep(x) : null, Needs(0) ? Keep(weight) : null);
        Matrix rows = x.Matrix(), all = weight.Matrix();
        Tensor[] results = [.. widths.Select(width => empty(x.shape[0], width))];
        int start = 0;
        for (int i = 0; i < widths.Length; i++)
        {
            Gemm.Multiply(CpuTensors.Kernels, rows, false, all.SliceRows(start, (int)widths[i]), true, results[i].Matrix());
            start += (int)widths[i];
        }
        return results;
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor? dx = Needs(0) ? empty(gradients[0].shape[0], _weight!.shape[1]) : null, dw = Needs(1) ? empty(widths.Sum(), _x!.shape[1]) : null;
        int start = 0;
        for (int i = 0; i < widths.Length; i++)
        {
            Matrix dy = gradients[i].Matrix();
            if (dx is not null)
                Gemm.Multiply(CpuTensors.Kernels, dy, false, _weight!.Matrix().SliceRows(start, dy.Columns), false, dx.Matrix(), accumulate: start > 0);
            if (dw is not null)
                Gemm.Multiply(CpuTensors.Kernels, dy, true, _x!.Matrix(), false, dw.Matrix().SliceRows(start, dy.Columns));
            start += dy.Columns;
        }
        return [dx, dw];
    }
}
