using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>Rotates the heads of rows [R, heads·Dk]: the pairs are (j, j + Dk/2), the angles' cosines and sines [R, Dk/2].</summary>
internal sealed class RopeOperation(Tensor cosines, Tensor sines) : Operation
{
    public static Tensor Apply(Tensor rows, Tensor cosines, Tensor sines)
    {
        if (CpuTensors.IsForKernels(rows))
            return new RopeOperation(cosines, sines).Invoke(rows)[0];
        long half = cosines.shape[1];
        Tensor pairs = rows.view(rows.shape[0], -1, 2, half), cos = cosines.unsqueeze(1), sin = sines.unsqueeze(1);
        Tensor first = pairs.select(2, 0), second = pairs.select(2, 1);
        return stack([(first * cos) - (second * sin), (second * cos) + (first * sin)], 2).view(rows.shape);
    }

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        Tensor rotated = inputs[0].contiguous().clone();
        RopeKernel.Forward(CpuTensors.Kernels, rotated.MatrixOf<float>(), HeadSize, cosines.MatrixOf<float>(), sines.MatrixOf<float>());
        return [rotated];
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        Tensor turned = gradients[0].clone();
        RopeKernel.Backward(CpuTensors.Kernels, turned.MatrixOf<float>(), HeadSize, cosines.MatrixOf<float>(), sines.MatrixOf<float>());
        return [turned];
    }

    private int HeadSize => 2 * (int)cosines.shape[1];
}
