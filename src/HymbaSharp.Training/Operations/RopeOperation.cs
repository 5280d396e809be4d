using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>Rotates the heads of rows [R, heads·Dk]: the pairs are (j, j + Dk/2), the angles' cosines and sines [R, Dk/2].</summary>
internal static class RopeOperation
{
    public static Tensor Apply(Tensor rows, Tensor cosines, Tensor sines)
    {
        long half = cosines.shape[1];
        Tensor pairs = rows.view(rows.shape[0], -1, 2, half), cos = cosines.unsqueeze(1), sin = sines.unsqueeze(1);
        Tensor first = pairs.select(2, 0), second = pairs.select(2, 1);
        return stack([(first * cos) - (second * sin), (second * cos) + (first * sin)], 2).view(rows.shape);
    }
}
