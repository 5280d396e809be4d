using HymbaSharp.Kernels;

namespace HymbaSharp.Weights;

/// <summary>
/// What enters the matrices of a model while it reads a text: of each column the mean square of its activations. A weight's error shows in the
/// results in proportion to them, so scales of four bits are chosen for the columns that carry most.
/// </summary>
public sealed class Calibration
{
    // A column that the text leaves silent still counts this share of the mean.
    private const double LeastShare = 0.01;

    private readonly Dictionary<string, double[]> _squares = [];

    private Calibration()
    {
    }

    /// <summary>Tokens read.</summary>
    public int Tokens { get; private set; }

    /// <summary>Passes a text through a model, in windows that are sequences of their own.</summary>
    /// <param name="model">The model, of floats and without adapters; no other thread may use it meanwhile.</param>
    /// <param name="tokens">The text's ids, at least one.</param>
    /// <param name="window">Tokens of a window, 1 or more.</param>
    /// <param name="progress">Told the fraction done, from 0 to 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArgumentException">The model is quantised or there is no text.</exception>
    public static Calibration Run(
        HymbaModel model, ReadOnlySpan<int> tokens, int window = 512, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (model.IsQuantized)
            throw new ArgumentException($"{model.Folder} is quantised; calibration takes a model of floats.", nameof(model));
        if (tokens.IsEmpty)
            throw new ArgumentException("The text has no token; calibration needs some.", nameof(tokens));
        Calibration calibration = new() { Tokens = tokens.Length };
        Dictionary<nint, double[]> sums = calibration.Place(model);
        model.Kernels.ProductObserver = (weights, x) => Add(sums, weights, x);
        try
        {
            for (int start = 0; start < tokens.Length; start += window)
            {
                using HymbaSession session = model.StartSession();
                session.Append(tokens.Slice(start, Math.Min(window, tokens.Length - start)), (_, _) => { }, cancellationToken);
                progress?.Report((double)Math.Min(start + window, tokens.Length) / tokens.Length);
            }
        }
        finally
        {
            model.Kernels.ProductObserver = null;
        }
        return calibration;
    }

    /// <summary>How much the error of each column counts, the mean being about 1; empty for a tensor that is no matrix of products.</summary>
    internal float[] Importance(string tensor)
    {
        if (!_squares.TryGetValue(tensor, out double[]? squares))
            return [];
        double mean = squares.Average();
        return mean > 0 && double.IsFinite(mean) ? [.. squares.Select(square => (float)((square / mean) + LeastShare))] : [];
    }

    /// <summary>A row of sums for each matrix, by its place in memory.</summary>
    private unsafe Dictionary<nint, double[]> Place(HymbaModel model)
    {
        Dictionary<nint, double[]> sums = [];
        foreach ((string name, WeightMatrix matrix) in model.Weights.Matrices())
        {
            double[] squares = _squares[name] = new double[matrix.Columns];
            sums[(nint)matrix.Data] = squares;
        }
        return sums;
    }

    private static unsafe void Add(Dictionary<nint, double[]> sums, WeightMatrix weights, Matrix x)
    {
        if (!sums.TryGetValue((nint)weights.Data, out double[]? squares))
            return;
        for (int row = 0; row < x.Rows; row++)
        {
            ReadOnlySpan<float> values = x.Row(row);
            for (int column = 0; column < values.Length; column++)
                squares[column] += (double)values[column] * values[column];
        }
    }
}
