using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>The forward pass: a part is a document's range of channels.</summary>
internal unsafe struct ScanForward<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : IScanBlock<T>
{
    private KernelContext _context;
    private ScanOperands<T> _operands;
    private RowRange* _documents;
    private int _partsPerDocument;

    public static void Run(KernelContext context, in ScanOperands<T> operands, ReadOnlySpan<RowRange> documents)
    {
        // A and h of one block.
        context.ReserveWorkerScratch(2L * operands.A.Rows * K.Lanes * sizeof(T) / sizeof(float));
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
        T* rates = (T*)_context.WorkerScratch(worker);
        int channel = channels.Start;
        for (; channel + K.Lanes <= channels.End; channel += K.Lanes)
            Block<K>(document, channel, rates);
        for (; channel < channels.End; channel++)
            Block<ScalarScanBlock<T>>(document, channel, rates);
    }

    private readonly void Block<B>(RowRange document, int channel, T* rates) where B : IScanBlock<T>
    {
        ScanState.Pack(_operands.A, channel, B.Lanes, rates);
        B.Forward(_operands, document, channel, rates, state: rates + (_operands.A.Rows * B.Lanes));
    }
}
