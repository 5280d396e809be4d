using HymbaSharp.Kernels;
using HymbaSharp.Weights;

namespace HymbaSharp.Forward;

/// <summary>Y = X · W'ᵀ, W' being a projection's weights with its terms applied one after the other, computed without W' (arXiv 2106.09685, equation 3).</summary>
internal static class ProjectionProduct
{
    /// <param name="context">Path, threads and scratch.</param>
    /// <param name="projection">W [out, in] and its terms.</param>
    /// <param name="x">X [T, in].</param>
    /// <param name="y">Y [T, out]; may not overlap X.</param>
    /// <param name="accumulate">Adds to Y in place of overwriting it.</param>
    /// <param name="workspace">Room for A·x and for a product that has yet to take its gains.</param>
    public static void Multiply(KernelContext context, Projection projection, Matrix x, Matrix y, bool accumulate, Workspace workspace)
    {
        // What Y holds already must not be multiplied by gains: up to the last of them the product stands by itself.
        bool apart = accumulate && projection.LastGain >= 0;
        Matrix product = apart ? workspace.Unscaled.Rows(y.Rows, y.Columns) : y;
        MatMul.Multiply(context, projection.Weights, x, product, accumulate && !apart);
        for (int i = 0; i < projection.Terms.Length; i++)
        {
            LowRankTerm term = projection.Terms[i];
            Matrix low = workspace.LowRank.Rows(x.Rows, term.Down.Rows);
            MatMul.Multiply(context, term.Down, x, low);
            Gain.Apply(context, low, term.Scales, low);
            MatMul.Multiply(context, term.Up, low, product, accumulate: true);
            if (term.Gains.Length == 0)
                continue;
            bool last = i == projection.LastGain;
            Gain.Apply(context, product, term.Gains, last ? y : product, accumulate: last && apart);
            product = last ? y : product;
        }
    }
}
