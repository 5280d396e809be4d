using HymbaSharp.Weights;

namespace HymbaSharp.Kernels;

/// <summary>
/// Y = X · Wᵀ: every row of activations through a matrix of weights [out, in] in its stored type, products accumulated in float32.
/// Few rows stream the weights once and take dot products; many rows tile them (see <see cref="DotKernel{S, V, W}"/>, <see cref="TileKernel{S, V, W}"/>).
/// Quantised weights meet activations that are quantised on the way (see <see cref="BlockWork"/>).
/// </summary>
internal static unsafe class MatMul
{
    // From here on tiles are faster than dot products: measured on 1600 × 8960 BF16 (docs/performance.md).
    private const int TileFromRows = 24;

    /// <param name="context">Path, threads and scratch.</param>
    /// <param name="weights">W [out, in].</param>
    /// <param name="x">X [T, in].</param>
    /// <param name="y">Y [T, out]; may not overlap X.</param>
    /// <param name="accumulate">Adds to Y in place of overwriting it.</param>
    public static void Multiply(KernelContext context, WeightMatrix weights, Matrix x, Matrix y, bool accumulate = false)
    {
        if (x.Columns != weights.Columns || y.Columns != weights.Rows || x.Rows != y.Rows)
            throw new ArgumentException($"MatMul: weights [{weights.Rows}, {weights.Columns}] take X [T, {weights.Columns}] and Y [T, {weights.Rows}]; X is [{x.Rows}, {x.Columns}], Y is [{y.Rows}, {y.Columns}].");
        if (x.Rows == 0)
            return;
        context.ProductObserver?.Invoke(weights, x);
        switch (weights.Type)
        {
            case WeightType.F32:
                Multiply<StoredSingle>(context, weights, x, y, accumulate);
                break;
            case WeightType.F16:
                Multiply<StoredHalf>(context, weights, x, y, accumulate);
                break;
            case WeightType.BF16:
                Multiply<StoredBFloat16>(context, weights, x, y, accumulate);
                break;
            default:
                BlockWork.Run(context, weights, x, y, accumulate);
                break;
        }
    }

    /// <summary>Widens row <paramref name="row"/> of <paramref name="weights"/> into <paramref name="destination"/> [in].</summary>
    public static void CopyRow(WeightMatrix weights, int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)weights.Rows);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, weights.Columns);
        switch (weights.Type)
        {
            case WeightType.F32:
                Copy<StoredSingle>(weights, row, destination);
                break;
            case WeightType.F16:
                Copy<StoredHalf>(weights, row, destination);
                break;
            case WeightType.BF16:
                Copy<StoredBFloat16>(weights, row, destination);
                break;
            default:
                BlockQuantizer.CopyRow(weights, row, destination);
                break;
        }
    }

    private static void Multiply<W>(KernelContext context, WeightMatrix weights, Matrix x, Matrix y, bool accumulate) where W : struct, IStoredType
    {
        if (x.Rows >= TileFromRows && context.Path != KernelPath.Scalar)
            TileWork<W>.Run(context, weights, x, y, accumulate);
        else
            DotWork<W>.Run(context, weights, x, y, accumulate);
    }

    private static void Copy<W>(WeightMatrix weights, int row, Span<float> destination) where W : struct, IStoredType
    {
        byte* source = weights.Data + ((nint)row * weights.Columns * W.Size);
        for (int i = 0; i < destination.Length; i++)
            destination[i] = W.LoadOne(source + ((nint)i * W.Size));
    }
}
