using HymbaSharp.Configuration;
using HymbaSharp.Kernels;

namespace HymbaSharp.Forward;

/// <summary>
/// The angles of RoPE: position · base^(−2j/Dk), in double. Base is <c>rope_theta</c>; for "ntk" stretched by the ratio of the configured
/// to the original context, for "dynamic_ntk" by the ratio of a position's own length to it once that exceeds 1, so that a token's angle
/// never depends on the tokens after it (docs/decisions/0005-dynamic-ntk.md).
/// </summary>
internal sealed unsafe class RotaryEmbedding
{
    private readonly HymbaConfig _config;
    private readonly double[] _frequencies; // [Dk / 2]

    public RotaryEmbedding(HymbaConfig config)
    {
        _config = config;
        _frequencies = new double[config.KeyHeadSize / 2];
        SetBase(config.Rope == RopeType.Ntk ? Stretched(config.MaxPositions) : config.RopeTheta);
    }

    /// <summary>Writes the cosines and sines [T, Dk / 2] of the rows' positions.</summary>
    public void Angles(ReadOnlySpan<SequenceSlice> slices, Matrix cosines, Matrix sines)
    {
        foreach (ref readonly SequenceSlice slice in slices)
        {
            for (int row = 0; row < slice.Count; row++)
            {
                int position = slice.Position + row;
                if (_config.Rope == RopeType.DynamicNtk)
                    SetBase(position + 1 > _config.OriginalMaxPositions ? Stretched(position + 1) : _config.RopeTheta);
                Span<float> cos = cosines.Row(slice.Start + row), sin = sines.Row(slice.Start + row);
                for (int j = 0; j < _frequencies.Length; j++)
                {
                    (double s, double c) = Math.SinCos(position * _frequencies[j]);
                    cos[j] = (float)c;
                    sin[j] = (float)s;
                }
            }
        }
    }

    private double Stretched(int length)
    {
        double ratio = (2.0 * length / _config.OriginalMaxPositions!.Value) - 1;
        return _config.RopeTheta * Math.Pow(ratio, (double)_config.KeyHeadSize / (_config.KeyHeadSize - 2));
    }

    private void SetBase(double value)
    {
        for (int j = 0; j < _frequencies.Length; j++)
            _frequencies[j] = Math.Pow(value, -2.0 * j / _config.KeyHeadSize);
    }
}
