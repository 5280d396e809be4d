using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Forward;
using HymbaSharp.Kernels;
using HymbaSharp.State;
using HymbaSharp.Tests.Forward;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.State;

/// <summary>What lay in a page's memory before never reaches a result: every page is handed out full of NaN.</summary>
public sealed class SnapshotMemoryTests
{
    private const int Continued = 6;
    private static readonly int[] Saves = [1, 30, 64, 100, 190];

    public static TheoryData<string, KernelPath> Models
    {
        get
        {
            TheoryData<string, KernelPath> data = [];
            foreach (KernelPath path in KernelPaths.Available)
                data.Add(Reference.Shared, path);
            foreach (string name in Reference.Names.Except([Reference.Shared]))
                data.Add(name, KernelPaths.Selected);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Recycled_pages_change_no_result(string name, KernelPath path)
    {
        using TemporaryFolder folder = new();
        List<float[]> fresh = Run(name, path, poisoned: false, folder);
        List<float[]> recycled = Run(name, path, poisoned: true, folder);
        Assert.Equal(0, fresh.Sum(logits => logits.Count(logit => !float.IsFinite(logit))));
        Assert.Equal(fresh, recycled);
    }

    /// <summary>Meta state computed and read back; a text in chunks and by tokens; snapshots restored and gone on from.</summary>
    private static List<float[]> Run(string name, KernelPath path, bool poisoned, TemporaryFolder folder)
    {
        HymbaConfig config = HymbaConfig.Load(TestData.Reference(name));
        using HymbaWeights weights = new(Checkpoint.Open(TestData.Reference(name)), config);
        using KernelContext kernels = new(path, new WorkerPool(1));
        using StateShape shape = new(config, contextLength: 256);
        using HymbaForward forward = new(config, weights, shape, kernels, maxRows: 64);
        Random random = new(5);
        int[] text = [.. Enumerable.Range(0, 256).Select(_ => random.Next(config.VocabularySize))];
        List<float[]> logits = [];

        if (poisoned)
            Poison(shape.Pages);
        using SequenceState computed = new(shape);
        _ = forward.Step([new StepSlice(computed, config.MetaTokens)], new int[config.MetaTokens], []);
        Snapshot.Write(folder.File("meta"), 1, shape, computed, [], [], [], withMeta: true);
        using SequenceState read = Snapshot.Read(folder.File("meta"), 1, shape, meta: null).State;
        foreach (SequenceState meta in (SequenceState[])[computed, read])
        {
            using SequenceState state = meta.Fork();
            foreach (int save in Saves)
            {
                Step(state, save - state.TokenCount);
                Snapshot.Write(folder.File("session"), 1, shape, state, text.AsSpan(0, save), new float[config.VocabularySize], [], withMeta: false);
                using SequenceState restored = Snapshot.Read(folder.File("session"), 1, shape, meta).State, chunked = restored.Fork();
                Step(chunked, Continued);
                for (int i = 0; i < Continued / 2; i++)
                    Step(restored, 1);
            }
        }
        return logits;

        void Step(SequenceState state, int count)
        {
            for (int done = 0, rows; done < count; done += rows)
            {
                rows = Math.Min(count - done, forward.MaxRows);
                logits.Add(ReferenceModel.Copy(forward.Step([new StepSlice(state, rows)], text.AsSpan(state.TokenCount, rows), [rows - 1])));
            }
        }
    }

    private static unsafe void Poison(KeyValuePagePool pool)
    {
        nint[] pages = new nint[300];
        for (int i = 0; i < pages.Length; i++)
        {
            float* page = pool.Rent();
            new Span<float>(page, pool.Shape.Elements).Fill(float.NaN);
            pages[i] = (nint)page;
        }
        foreach (nint page in pages)
            pool.Release((float*)page);
    }
}
