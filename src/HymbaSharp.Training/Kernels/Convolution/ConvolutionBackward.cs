using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>The backward pass: a part is a range of channels of all documents, so that sums over rows stay within it.</summary>
internal unsafe struct ConvolutionBackward<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : IConvolutionBlock<T>
{
    private const int TileRows = ConvolutionKernel.TileRows;

    private KernelContext _context;
    private ConvolutionOperands<T> _operands;
    private ConvolutionGradients<T> _gradients;
    private RowRange* _documents;
    private int _documentCount;

    public static void Run(KernelContext context, in ConvolutionOperands<T> operands, in ConvolutionGradients<T> gradients, ReadOnlySpan<RowRange> documents)
    {
        int before = operands.Weights.Rows - 1;
        context.ReserveWorkerScratch(((2L * TileRows) + (3L * before)) * K.Lanes * sizeof(T) / sizeof(float));
        fixed (RowRange* all = documents)
        {
            ConvolutionBackward<T, K> work = new()
            {
                _context = context,
                _operands = operands,
                _gradients = gradients,
                _documents = all,
                _documentCount = documents.Length,
            };
            context.Pool.Run(ref work, ChannelRange.Parts(operands.Weights.Columns));
        }
    }

    public readonly void Execute(int part, int worker)
    {
        ChannelRange channels = ChannelRange.OfPart(part, _operands.Weights.Columns);
        int count = channels.End - channels.Start, before = _operands.Weights.Rows - 1;
        ConvolutionScratch<T> scratch = new() { Inputs = (T*)_context.WorkerScratch(worker) };
        scratch.Sums = scratch.Inputs + ((TileRows + (2 * before)) * K.Lanes);
        new Span<T>(_gradients.Bias.Data + channels.Start, count).Clear();
        for (int j = 0; j < _gradients.Weights.Rows; j++)
            new Span<T>(_gradients.Weights[j] + channels.Start, count).Clear();
        for (int d = 0; d < _documentCount; d++)
        {
            RowRange document = _documents[d];
            for (int start = document.Start; start < document.End; start += TileRows)
            {
                RowRange tile = new(start, Math.Min(TileRows, document.End - start));
                int channel = channels.Start;
                for (; channel + K.Lanes <= channels.End; channel += K.Lanes)
                    K.Backward(_operands, _gradients, document, tile, channel, scratch);
                for (; channel < channels.End; channel++)
                    ScalarConvolutionBlock<T>.Backward(_operands, _gradients, document, tile, channel, scratch);
            }
        }
    }
}
