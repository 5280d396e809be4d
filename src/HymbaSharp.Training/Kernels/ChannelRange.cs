namespace HymbaSharp.Training.Kernels;

/// <summary>The channels of one part. Parts never depend on the number of threads, so sums over channels don't either.</summary>
/// <param name="Start">The first channel.</param>
/// <param name="End">The one after the last.</param>
internal readonly record struct ChannelRange(int Start, int End)
{
    /// <summary>A few vectors of channels: many parts even of a small model, and little to sum across lanes and parts.</summary>
    public const int PerPart = 64;

    /// <summary>How many parts so many channels make.</summary>
    public static int Parts(int channels) => (channels + PerPart - 1) / PerPart;

    /// <summary>The channels of part <paramref name="part"/>.</summary>
    public static ChannelRange OfPart(int part, int channels) => new(part * PerPart, Math.Min((part + 1) * PerPart, channels));
}
