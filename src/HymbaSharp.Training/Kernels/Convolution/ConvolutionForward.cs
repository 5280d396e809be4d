using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>The forward pass: a part is a document's range of channels.</summary>
internal unsafe struct ConvolutionForward<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : IConvolutionBlock<T>
{
    private ConvolutionOperands<T> _operands;
    private RowRange* _documents;
    private int _partsPerDocument;

    public static void Run(KernelContext context, in ConvolutionOperands<T> operands, ReadOnlySpan<RowRange> documents)
    {
        fixed (RowRange* all = documents)
        {
            ConvolutionForward<T, K> work = new() { _operands = operands, _documents = all, _partsPerDocument = ChannelRange.Parts(operands.Weights.Columns) };
            context.Pool.Run(ref work, documents.Length * work._partsPerDocument);
        }
    }

    public readonly void Execute(int part, int worker)
    {
        RowRange document = _documents[part / _partsPerDocument];
        ChannelRange channels = ChannelRange.OfPart(part % _partsPerDocument, _operands.Weights.Columns);
        for (int start = document.Start; start < document.End; start += ConvolutionKernel.TileRows)
        {
            RowRange tile = new(start, Math.Min(ConvolutionKernel.TileRows, document.End - start));
            int channel = channels.Start;
            for (; channel + K.Lanes <= channels.End; channel += K.Lanes)
                K.Forward(_operands, document, tile, channel);
            for (; channel < channels.End; channel++)
                ScalarConvolutionBlock<T>.Forward(_operands, document, tile, channel);
        }
    }
}
