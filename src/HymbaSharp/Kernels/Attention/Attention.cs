using System.Runtime.Intrinsics;
using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>
/// Grouped-query attention over paged keys and values, with an online softmax in float32 (arXiv 2205.14135): for each block of queries the
/// pages pass once, and neither scores nor probabilities of more than a page exist. All query heads of a key/value head, for several
/// tokens, form the rows of one tile. A single token over many pages is cut into runs of pages whose partial results are then merged.
/// </summary>
internal sealed unsafe class Attention(KeyValuePage page, int queryHeads) : IDisposable
{
    // Rows of a block: ten register tiles, so that a page's values are read from memory once for many queries.
    private const int RowsPerBlock = 60;

    // A run of a lone token's pages: 512 keys.
    private const int PagesPerRun = 8;

    private NativeBuffer _tasks = new(64 * sizeof(AttentionTask));
    private NativeBuffer _partials = new(0);

    /// <summary>Query heads of a key/value head.</summary>
    private int Group => queryHeads / page.Heads;

    private int TokensPerBlock => Math.Max(RowsPerBlock / Group, 1);

    /// <param name="context">Path, threads and scratch.</param>
    /// <param name="queries">[T, Hq · Dk], rotated.</param>
    /// <param name="mask">Who sees whom.</param>
    /// <param name="slices">Whose rows are whose, and their pages, holding the keys and values up to each slice's last row.</param>
    /// <param name="results">[T, Hq · Dv]; may not overlap the queries.</param>
    public void Apply(KernelContext context, Matrix queries, AttentionMask mask, Span<SequenceSlice> slices, Matrix results)
    {
        if (queries.Columns != queryHeads * page.KeySize || results.Columns != queryHeads * page.ValueSize || queries.Rows != results.Rows)
            throw new ArgumentException($"Attention of {queryHeads} heads: queries [{queries.Rows}, {queries.Columns}], results [{results.Rows}, {results.Columns}].");
        (int tasks, int partials) = Plan(mask, slices);
        int rows = Math.Max(TokensPerBlock * Group, RegisterTileShape.Rows);
        context.ReserveWorkerScratch(AttentionScratch.Floats(rows, page));
        if (_partials.Bytes < (long)partials * PartialFloats * sizeof(float))
            Replace(ref _partials, (long)partials * PartialFloats * sizeof(float));
        fixed (SequenceSlice* all = slices)
        {
            Work work = new()
            {
                Context = context,
                Page = page,
                Group = Group,
                Mask = mask,
                Queries = queries,
                Results = results,
                Slices = all,
                Tasks = (AttentionTask*)_tasks.Floats,
                Partials = _partials.Floats,
                PartialFloats = PartialFloats,
            };
            context.Pool.Run(ref work, tasks);
        }
        if (partials > 0)
            Merge(tasks, slices, results);
    }

    public void Dispose()
    {
        _tasks.Dispose();
        _partials.Dispose();
    }

    // Maximum, sum and unnormalised result of each head of the group.
    private int PartialFloats => Group * (2 + page.ValueStride);

    /// <summary>Lists the tasks and says how many there are and how many leave a partial result.</summary>
    private (int Tasks, int Partials) Plan(AttentionMask mask, ReadOnlySpan<SequenceSlice> slices)
    {
        int tasks = 0, partials = 0;
        for (int i = 0; i < slices.Length; i++)
        {
            SequenceSlice slice = slices[i];
            for (int head = 0; head < page.Heads; head++)
            {
                for (int first = 0; first < slice.Count; first += TokensPerBlock)
                {
                    int count = Math.Min(TokensPerBlock, slice.Count - first);
                    int position = slice.Position + first;
                    int endPage = ((position + count - 1) / KeyValuePage.Rows) + 1;
                    AttentionTask task = new() { Slice = i, Head = head, First = first, Count = count, EndPage = endPage, Partial = -1 };
                    if (slice.Count > 1 || endPage <= PagesPerRun)
                    {
                        Add(tasks++, task);
                        continue;
                    }
                    for (int run = 0; run < endPage; run += PagesPerRun)
                    {
                        int end = Math.Min(run + PagesPerRun, endPage);
                        if (AnyReached(mask, run, end, position))
                            Add(tasks++, task with { StartPage = run, EndPage = end, Partial = partials++ });
                    }
                }
            }
        }
        return (tasks, partials);
    }

    private static bool AnyReached(AttentionMask mask, int startPage, int endPage, int position)
    {
        for (int p = startPage; p < endPage; p++)
        {
            if (mask.Reaches(p, position))
                return true;
        }
        return false;
    }

    private void Add(int index, AttentionTask task)
    {
        if ((index + 1) * sizeof(AttentionTask) > _tasks.Bytes)
        {
            NativeBuffer larger = new(2 * _tasks.Bytes);
            _tasks.AsSpan(0, (int)_tasks.Bytes).CopyTo(larger.AsSpan(0, (int)_tasks.Bytes));
            _tasks.Dispose();
            _tasks = larger;
        }
        ((AttentionTask*)_tasks.Floats)[index] = task;
    }

    /// <summary>Joins the partial results of each lone token: rescaled to their common maximum, summed and normalised.</summary>
    private void Merge(int tasks, ReadOnlySpan<SequenceSlice> slices, Matrix results)
    {
        AttentionTask* all = (AttentionTask*)_tasks.Floats;
        for (int start = 0, end; start < tasks; start = end)
        {
            end = start + 1;
            if (all[start].Partial < 0)
                continue;
            while (end < tasks && all[end].Slice == all[start].Slice && all[end].Head == all[start].Head)
                end++;
            float* row = results[slices[all[start].Slice].Start + all[start].First];
            for (int h = 0; h < Group; h++)
                MergeHead(all, start, end, h, row + (((all[start].Head * Group) + h) * page.ValueSize));
        }
    }

    private void MergeHead(AttentionTask* tasks, int start, int end, int head, float* result)
    {
        float maximum = float.NegativeInfinity, sum = 0;
        for (int i = start; i < end; i++)
            maximum = MathF.Max(maximum, Partial(tasks[i])[head]);
        new Span<float>(result, page.ValueSize).Clear();
        for (int i = start; i < end; i++)
        {
            float* partial = Partial(tasks[i]);
            float scale = MathF.Exp(partial[head] - maximum);
            float* values = partial + (2 * Group) + (head * page.ValueStride);
            sum += scale * partial[Group + head];
            for (int d = 0; d < page.ValueSize; d++)
                result[d] += scale * values[d];
        }
        for (int d = 0; d < page.ValueSize; d++)
            result[d] /= sum;
    }

    private float* Partial(in AttentionTask task) => _partials.Floats + ((nint)task.Partial * PartialFloats);

    private static void Replace(ref NativeBuffer buffer, long bytes)
    {
        buffer.Dispose();
        buffer = new NativeBuffer(bytes);
    }

    private struct Work : IParallelWork
    {
        public KernelContext Context;
        public KeyValuePage Page;
        public int Group;
        public AttentionMask Mask;
        public Matrix Queries;
        public Matrix Results;
        public SequenceSlice* Slices;
        public AttentionTask* Tasks;
        public float* Partials;
        public int PartialFloats;

        public readonly void Execute(int part, int worker)
        {
            AttentionTask task = Tasks[part];
            SequenceSlice slice = Slices[task.Slice];
            int queryHead = task.Head * Group;
            Matrix queries = Queries.SliceRows(slice.Start + task.First, task.Count).Slice(queryHead * Page.KeySize, Group * Page.KeySize);
            Matrix results = Results.SliceRows(slice.Start + task.First, task.Count).Slice(queryHead * Page.ValueSize, Group * Page.ValueSize);
            float* partial = task.Partial < 0 ? null : Partials + ((nint)task.Partial * PartialFloats);
            AttentionBlock block = new(Page, Group, Mask, slice, task, queries, results, partial, Context.WorkerScratch(worker));
            switch (Context.Path)
            {
                case KernelPath.Scalar:
                    ScalarAttention.Apply(block);
                    break;
                case KernelPath.Vector128:
                    VectorAttention<Simd128, Vector128<float>>.Apply(block);
                    break;
                case KernelPath.Vector256:
                    VectorAttention<Simd256, Vector256<float>>.Apply(block);
                    break;
                default:
                    VectorAttention<Simd512, Vector512<float>>.Apply(block);
                    break;
            }
        }
    }
}
