using System.Numerics;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Training.Kernels;

/// <summary>
/// The backward pass: a part is a range of channels of all documents, so that sums over rows stay within it. What B and C get from each
/// part is summed across lanes chunk by chunk, kept apart, and added at the end in the order of the parts.
/// </summary>
internal unsafe struct ScanBackward<T, K> : IParallelWork where T : unmanaged, IFloatingPointIeee754<T> where K : IScanBlock<T>
{
    private const int ChunkRows = ScanKernel.ChunkRows;

    private KernelContext _context;
    private ScanOperands<T> _operands;
    private ScanGradients<T> _gradients;
    private RowRange* _documents;
    private int _documentCount;
    private T* _partialB; // [parts, R, N]
    private T* _partialC; // [parts, R, N]

    public static void Run(KernelContext context, in ScanOperands<T> operands, in ScanGradients<T> gradients, ReadOnlySpan<RowRange> documents)
    {
        int parts = ChannelRange.Parts(operands.A.Columns);
        long partials = (long)parts * operands.C.Rows * operands.A.Rows;
        context.ReserveWorkerScratch(ScratchSize(operands.A.Rows) * sizeof(T) / sizeof(float));
        T* shared = (T*)context.SharedScratch(2 * partials * sizeof(T) / sizeof(float));
        fixed (RowRange* all = documents)
        {
            ScanBackward<T, K> work = new()
            {
                _context = context,
                _operands = operands,
                _gradients = gradients,
                _documents = all,
                _documentCount = documents.Length,
                _partialB = shared,
                _partialC = shared + partials,
            };
            context.Pool.Run(ref work, parts);
        }
        PartialSums<T>.Add(context, shared, parts, gradients.InputB);
        PartialSums<T>.Add(context, shared + partials, parts, gradients.OutputC);
    }

    public readonly void Execute(int part, int worker)
    {
        int states = _operands.A.Rows;
        ChannelRange channels = ChannelRange.OfPart(part, _operands.A.Columns);
        int count = channels.End - channels.Start, whole = count / K.Lanes * K.Lanes;
        ScanScratch<T> vectors = Carve(_context.WorkerScratch(worker), out T* rest);
        ScanScratch<T> singles = vectors;
        singles.InputB = rest;
        singles.OutputC = rest + (ChunkRows * states);

        ScanState.Pack<T, K>(_operands.A, channels, vectors.Rates);
        new Span<T>(vectors.RateGradient, count * states).Clear();
        new Span<T>(_gradients.Skip.Data + channels.Start, count).Clear();
        new Span<T>(_gradients.DeltaBias.Data + channels.Start, count).Clear();

        for (int d = 0; d < _documentCount; d++)
        {
            RowRange document = _documents[d];
            new Span<T>(vectors.Carry, count * states).Clear();
            for (int start = (document.Count - 1) / ChunkRows * ChunkRows; start >= 0; start -= ChunkRows)
            {
                RowRange chunk = new(document.Start + start, Math.Min(ChunkRows, document.Count - start));
                T* before = start == 0 ? null : ScanState.Before(_operands, chunk).Data;
                nint partial = (((nint)part * _operands.C.Rows) + chunk.Start) * states;
                int sums = chunk.Count * states;
                Blocks<K>(chunk, before, channels.Start, 0, whole, vectors);
                K.SumLanes(vectors.InputB, _partialB + partial, sums, accumulate: false);
                K.SumLanes(vectors.OutputC, _partialC + partial, sums, accumulate: false);
                if (whole == count)
                    continue;
                Blocks<ScalarScanBlock<T>>(chunk, before, channels.Start, whole, count, singles);
                ScalarScanBlock<T>.SumLanes(singles.InputB, _partialB + partial, sums, accumulate: true);
                ScalarScanBlock<T>.SumLanes(singles.OutputC, _partialC + partial, sums, accumulate: true);
            }
        }

        ScanState.Unpack<T, K>(vectors.RateGradient, _gradients.A, channels);
    }

    // The blocks of the part's channels from … to − 1 in one chunk.
    private readonly void Blocks<B>(RowRange chunk, T* before, int firstChannel, int from, int to, in ScanScratch<T> scratch) where B : IScanBlock<T>
    {
        int states = _operands.A.Rows;
        new Span<T>(scratch.InputB, chunk.Count * states * B.Lanes).Clear();
        new Span<T>(scratch.OutputC, chunk.Count * states * B.Lanes).Clear();
        for (int i = from; i < to; i += B.Lanes)
        {
            ScanScratch<T> block = scratch;
            block.Rates += i * states;
            block.Carry += i * states;
            block.RateGradient += i * states;
            int channel = firstChannel + i;
            B.Backward(_operands, _gradients, chunk, before is null ? null : before + channel, channel, block);
        }
    }

    // In the order of Carve; the last two are the gradients of B and C of single channels beside vectors of them.
    private static long ScratchSize(int states) =>
        (3L * ChannelRange.PerPart * states) + ((1L + ChunkRows + 1 + (3 * ChunkRows)) * states * K.Lanes) + (ChunkRows * K.Lanes) + (2L * ChunkRows * states);

    private readonly ScanScratch<T> Carve(float* memory, out T* rest)
    {
        int states = _operands.A.Rows, part = ChannelRange.PerPart * states, block = states * K.Lanes;
        ScanScratch<T> scratch = new() { Rates = (T*)memory };
        scratch.Carry = scratch.Rates + part;
        scratch.RateGradient = scratch.Carry + part;
        scratch.ChunkRateGradient = scratch.RateGradient + part;
        scratch.States = scratch.ChunkRateGradient + block;
        scratch.Decays = scratch.States + ((ChunkRows + 1) * block);
        scratch.InputB = scratch.Decays + (ChunkRows * block);
        scratch.OutputC = scratch.InputB + (ChunkRows * block);
        scratch.Deltas = scratch.OutputC + (ChunkRows * block);
        rest = scratch.Deltas + (ChunkRows * K.Lanes);
        return scratch;
    }
}
