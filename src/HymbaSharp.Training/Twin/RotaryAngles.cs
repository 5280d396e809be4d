using HymbaSharp.Configuration;
using HymbaSharp.Forward;
using HymbaSharp.Kernels;
using HymbaSharp.Training.Kernels;
using HymbaSharp.Training.Operations;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Twin;

/// <summary>Cosines and sines [R, Dk / 2] of the rows' positions in their documents, as the engine computes them.</summary>
internal sealed class RotaryAngles
{
    public RotaryAngles(HymbaConfig config, RowBatch batch, ScalarType type, Device device)
    {
        Tensor cosines = empty(batch.Rows, config.KeyHeadSize / 2), sines = empty_like(cosines);
        if (config.Rope != RopeType.None)
        {
            SequenceSlice[] slices = [.. batch.Documents.Select(Slice)];
            new RotaryEmbedding(config).Angles(slices, cosines.Matrix(), sines.Matrix());
        }
        (Cosines, Sines) = (cosines.to(type, device), sines.to(type, device));
    }

    public Tensor Cosines { get; }

    public Tensor Sines { get; }

    private static SequenceSlice Slice(RowRange document) => new() { Start = document.Start, Count = document.Count };
}
