using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// The forward pass: a part is a document's range of channels. All its blocks go through a chunk before the next one: blocks share pages and
/// cache lines lie beside each other, while the rows of a block are far apart, often in the same cache sets.
/// </summary>
internal unsafe struct ScanForward<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : IScanBlock<T>
{
    private KernelContext _context;
    private ScanOperands<T> _operands;
    private RowRange* _documents;
    private int _partsPerDocument;

    public static void Run(KernelContext context, in ScanOperands<T> operands, ReadOnlySpan<RowRange> documents)
    {
        // A and h of a part's channels.
        context.ReserveWorkerScratch(2L * operands.A.Rows * ChannelRange.PerPart * sizeof(T) / sizeof(float));
        fixed (RowRange* all = documents)
        {
            ScanForward<T, K> work = new()
            {
                _context = context,
                _operands = operands,
                _documents = all,
                _partsPerDocument = ChannelRange.Parts(operands.A.Columns),
            };
            context.Pool.Run(ref work, documents.Length * work._partsPerDocument);
        }
    }

    public readonly void Execute(int part, int worker)
    {
        RowRange document = _documents[part / _partsPerDocument];
        ChannelRange channels = ChannelRange.OfPart(part % _partsPerDocument, _operands.A.Columns);
        int states = _operands.A.Rows, count = channels.End - channels.Start, whole = count / K.Lanes * K.Lanes;
        T* rates = (T*)_context.WorkerScratch(worker), state = rates + (ChannelRange.PerPart * states);
        ScanState.Pack<T, K>(_operands.A, channels, rates);
        new Span<T>(state, count * states).Clear();
        for (int start = 0; start < document.Count; start += ScanKernel.ChunkRows)
        {
            RowRange chunk = new(document.Start + start, Math.Min(ScanKernel.ChunkRows, document.Count - start));
            if (start > 0 && _operands.States.Data is not null)
                ScanState.Unpack<T, K>(state, ScanState.Before(_operands, chunk), channels);
            for (int i = 0; i < whole; i += K.Lanes)
                K.Forward(_operands, chunk, channels.Start + i, rates + (i * states), state + (i * states));
            for (int i = whole; i < count; i++)
                ScalarScanBlock<T>.Forward(_operands, chunk, channels.Start + i, rates + (i * states), state + (i * states));
        }
    }
}
