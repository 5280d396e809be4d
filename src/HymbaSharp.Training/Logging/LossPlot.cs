using ScottPlot;
using ScottPlot.Plottables;

namespace HymbaSharp.Training.Logging;

/// <summary>A picture of a run: the training loss, smoothed and as it was, the evaluation loss, and the learning rate on an axis of its own.</summary>
internal static class LossPlot
{
    /// <summary>The file's name in the output folder of a run.</summary>
    public const string FileName = "loss.png";

    /// <summary>The width of the picture in pixels.</summary>
    public const int Width = 1600;

    /// <summary>The height of the picture in pixels.</summary>
    public const int Height = 900;

    // Lines and letters of a picture half as large, drawn twice as fine.
    private const double Scale = 2;

    // The smoothed loss is a mean over about this share of the records, but never fewer than so many.
    private const double SmoothedShare = 0.02;
    private const int FewestSmoothed = 5;

    // A few spikes, as of bad steps, must not press the rest of the curve flat.
    private const double ShownShare = 0.995;

    // The first that the machine has; its own choice may have serifs.
    private static readonly string[] SansSerif = ["Inter", "Segoe UI", "Helvetica Neue", "Arial", "Noto Sans", "Liberation Sans", "DejaVu Sans"];

    private static readonly Color TrainColor = new(31, 98, 180);
    private static readonly Color EvaluationColor = new(214, 84, 20);
    private static readonly Color RateColor = new(130, 130, 130);
    private static readonly Color TextColor = new(50, 50, 50);

    /// <summary>Draws records to a PNG file, which is replaced whole or not at all.</summary>
    /// <param name="records">The records, in order.</param>
    /// <param name="path">The file.</param>
    /// <param name="title">What stands above the picture.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(IReadOnlyList<StepRecord> records, string path, string title)
    {
        using Plot plot = Draw(records, title);
        byte[] image = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        string partial = $"{path}.{Environment.ProcessId}.partial";
        File.WriteAllBytes(partial, image);
        File.Move(partial, path, overwrite: true);
    }

    private static Plot Draw(IReadOnlyList<StepRecord> records, string title)
    {
        (double[] Steps, double[] Values) loss = Series(records, record => record.Loss);
        (double[] Steps, double[] Values) evaluation = Series(records, record => record.Extras.TryGetValue("eval_loss", out double value) ? value : null);
        (double[] Steps, double[] Values) rate = Series(records, record => record.LearningRate);
        double[] smoothed = Smooth(loss.Values, Math.Max(FewestSmoothed, (int)(SmoothedShare * loss.Values.Length)));

        Plot plot = new() { ScaleFactor = Scale };
        plot.Title(title, size: 14);
        plot.XLabel("step", size: 12);
        plot.YLabel("loss", size: 12);
        plot.Axes.Bottom.Label.Bold = plot.Axes.Left.Label.Bold = false;
        plot.Axes.Left.MinimumSize = 50;
        plot.Axes.Color(TextColor);
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
        // What is drawn last lies on top: the learning rate is the least of it.
        if (rate.Steps.Length > 0)
            DrawRate(plot, rate.Steps, rate.Values);
        if (loss.Steps.Length > 0)
        {
            _ = AddLine(plot, loss.Steps, loss.Values, TrainColor.WithAlpha(0.25), 1, "training loss");
            _ = AddLine(plot, loss.Steps, smoothed, TrainColor, 2, "training loss, smoothed");
        }
        if (evaluation.Steps.Length > 0)
        {
            Scatter line = AddLine(plot, evaluation.Steps, evaluation.Values, EvaluationColor, 2, "evaluation loss");
            line.MarkerSize = evaluation.Steps.Length <= 60 ? 6 : 0;
        }
        if (loss.Steps.Length == 0 && evaluation.Steps.Length == 0)
            _ = plot.Add.Annotation("There is no loss yet.", Alignment.MiddleCenter);
        SetLimits(plot, records, loss.Values, smoothed, evaluation.Values);
        // Within the axes it would hide a part of some curve.
        ScottPlot.Panels.LegendPanel legend = plot.ShowLegend(Edge.Bottom);
        legend.Padding = new PixelPadding(0);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.TightHorizontalWrapping = true;
        plot.Legend.InterItemPadding = new PixelPadding(left: 10, right: 10, bottom: 2, top: 2);
        plot.Legend.FontSize = 12;
        plot.Legend.OutlineColor = plot.Legend.ShadowColor = Colors.Transparent;
        if (SansSerif.Intersect(SkiaSharp.SKFontManager.Default.FontFamilies).FirstOrDefault() is { } font)
            plot.Font.Set(font);
        return plot;
    }

    private static void DrawRate(Plot plot, double[] steps, double[] values)
    {
        Scatter line = AddLine(plot, steps, values, RateColor.WithAlpha(0.8), 1.5f, "learning rate");
        line.Axes.YAxis = plot.Axes.Right;
        plot.Axes.Right.Label.Text = "learning rate";
        plot.Axes.Right.Label.FontSize = 12;
        plot.Axes.Right.Label.Bold = false;
        plot.Axes.Right.MinimumSize = 70;
        plot.Axes.Right.Label.ForeColor = RateColor;
        plot.Axes.Right.TickLabelStyle.ForeColor = RateColor;
        plot.Axes.Right.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { LabelFormatter = rate => rate == 0 ? "0" : rate.ToString("0.#e-0") };
        // Room above keeps its plateau clear of the frame.
        plot.Axes.SetLimitsY(0, values.Max() is > 0 and double highest ? highest * 1.15 : 1, plot.Axes.Right);
    }

    private static Scatter AddLine(Plot plot, double[] steps, double[] values, Color color, float width, string legend)
    {
        Scatter line = plot.Add.ScatterLine(steps, values, color);
        line.LineWidth = width;
        line.LegendText = legend;
        return line;
    }

    private static void SetLimits(Plot plot, IReadOnlyList<StepRecord> records, double[] loss, double[] smoothed, double[] evaluation)
    {
        double first = records.Count > 0 ? records[0].Step : 0, last = records.Count > 0 ? records[^1].Step : 0;
        plot.Axes.SetLimitsX(first, last > first ? last : first + 1);
        double[] shown = [.. Quantile(loss, ShownShare), .. Quantile(loss, 1 - ShownShare), .. smoothed, .. evaluation];
        double low = shown.DefaultIfEmpty(0).Min(), high = shown.DefaultIfEmpty(1).Max();
        double margin = high > low ? 0.05 * (high - low) : 0.5;
        plot.Axes.SetLimitsY(low - margin, high + margin, plot.Axes.Left);
    }

    /// <summary>The records that have a value, and it is finite.</summary>
    private static (double[] Steps, double[] Values) Series(IReadOnlyList<StepRecord> records, Func<StepRecord, double?> value)
    {
        StepRecord[] known = [.. records.Where(record => value(record) is { } number && double.IsFinite(number))];
        return ([.. known.Select(record => (double)record.Step)], [.. known.Select(record => value(record)!.Value)]);
    }

    /// <summary>
    /// The exponential moving average over about <paramref name="window"/> values, once forward and once back, so that it lags behind
    /// neither way. Ends are corrected as in Adam (Kingma and Ba 2015, section 3).
    /// </summary>
    internal static double[] Smooth(double[] values, int window)
    {
        double[] smoothed = [.. values];
        for (int pass = 0; pass < 2; pass++)
        {
            double kept = 1 - (2.0 / (window + 1)), mean = 0, weight = 1;
            foreach (ref double value in smoothed.AsSpan())
            {
                mean = (kept * mean) + ((1 - kept) * value);
                weight *= kept;
                value = mean / (1 - weight);
            }
            Array.Reverse(smoothed);
        }
        return smoothed;
    }

    private static double[] Quantile(double[] values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? [] : [sorted[(int)Math.Round(share * (sorted.Length - 1))]];
    }
}
