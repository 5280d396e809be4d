using HymbaSharp.Forward;
using HymbaSharp.Kernels;
using HymbaSharp.State;

namespace HymbaSharp.Tests.Forward;

/// <summary>Against the original implementation, at every kernel path of the machine.</summary>
public sealed class HymbaForwardTests
{
    // Of the logits' standard deviation (docs/numerics.md).
    private const double Tolerance = 1e-4;

    public static TheoryData<string, KernelPath> Models => ReferenceModel.All;

    [Theory]
    [MemberData(nameof(Models))]
    public void Prefill_gives_the_original_logits(string name, KernelPath path)
    {
        using ReferenceModel model = new(name, path);
        using SequenceState state = model.MetaState.Fork();
        Assert.InRange(ReferenceModel.Error(model.Step(state, model.InputIds), model.Logits), 0, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_layer_sees_the_original_stream(string name, KernelPath path)
    {
        using ReferenceModel model = new(name, path);
        using SequenceState state = new(model.Shape);
        Dictionary<int, float[]> streams = [];
        model.Forward.Observer = (layer, x) => streams.Add(layer, ReferenceModel.Copy(x));
        _ = model.Step(state, [.. new int[model.Config.MetaTokens], .. model.InputIds]);
        for (int layer = 0; layer <= model.Config.LayerCount; layer++)
            Assert.InRange(ReferenceModel.Error(streams[layer], model.Expected($"hidden_states.{layer}")), 0, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Prefill_in_chunks_of_any_size_gives_the_original_logits(string name, KernelPath path)
    {
        using ReferenceModel model = new(name, path);
        int[] ids = model.InputIds;
        for (int chunk = 1; chunk <= ids.Length; chunk++)
        {
            using SequenceState state = model.MetaState.Fork();
            List<float> logits = [];
            for (int start = 0; start < ids.Length; start += chunk)
                logits.AddRange(model.Step(state, ids.AsSpan(start, Math.Min(chunk, ids.Length - start))));
            Assert.InRange(ReferenceModel.Error(logits.ToArray(), model.Logits), 0, Tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_ragged_batch_gives_each_sequence_its_own_logits(string name, KernelPath path)
    {
        using ReferenceModel model = new(name, path);
        int[] ids = model.InputIds;
        int vocabulary = model.Config.VocabularySize;
        // Each sequence is the reference one, at its own speed: so many tokens in each step.
        int[] speeds = [1, 5, 17, 2];
        SequenceState[] states = [.. speeds.Select(_ => model.MetaState.Fork())];
        float[][] logits = [.. speeds.Select(_ => new float[model.Logits.Length])];
        while (states.Any(state => state.TokenCount < ids.Length))
        {
            List<StepSlice> slices = [];
            List<int> tokens = [];
            List<(int Sequence, int Token)> rows = [];
            for (int i = 0; i < states.Length; i++)
            {
                int done = states[i].TokenCount, count = Math.Min(speeds[i], ids.Length - done);
                if (count == 0)
                    continue;
                slices.Add(new StepSlice(states[i], count));
                tokens.AddRange(ids.AsSpan(done, count));
                rows.AddRange(Enumerable.Range(done, count).Select(token => (i, token)));
            }
            Matrix step = model.Forward.Step(slices.ToArray(), tokens.ToArray(), Enumerable.Range(0, rows.Count).ToArray());
            for (int row = 0; row < rows.Count; row++)
                step.Row(row).CopyTo(logits[rows[row].Sequence].AsSpan(rows[row].Token * vocabulary));
        }
        foreach (float[] sequence in logits)
            Assert.InRange(ReferenceModel.Error(sequence, model.Logits), 0, Tolerance);
        foreach (SequenceState state in states)
            state.Dispose();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Greedy_continuation_is_the_original_one(string name, KernelPath path)
    {
        using ReferenceModel model = new(name, path);
        using SequenceState state = model.MetaState.Fork();
        ReadOnlySpan<int> next = model.Ids("greedy_prompt");
        List<int> continuation = [];
        for (int i = 0; i < 40; i++)
        {
            float[] logits = model.Step(state, next);
            ReadOnlySpan<float> last = logits.AsSpan(logits.Length - model.Config.VocabularySize);
            continuation.Add(last.IndexOf(Largest(last)));
            next = new[] { continuation[^1] };
        }
        Assert.Equal(model.Ids("greedy_continuation"), continuation);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_fork_goes_on_by_itself(string name, KernelPath path)
    {
        using ReferenceModel model = new(name, path);
        int[] ids = model.InputIds;
        using SequenceState state = model.MetaState.Fork();
        _ = model.Step(state, ids.AsSpan(0, 20));
        using SequenceState fork = state.Fork();
        float[] straight = model.Step(state, ids.AsSpan(20));
        int[] other = [.. Enumerable.Repeat(3, 60)];
        _ = model.Step(state, other);
        Assert.Equal(straight, model.Step(fork, ids.AsSpan(20)));
    }

    [Fact]
    public void A_decode_step_allocates_nothing()
    {
        // One thread, so that every part of the work runs on the thread that is measured.
        using ReferenceModel model = new("ntk-shared-kv", KernelPaths.Selected, threads: 1);
        using SequenceState state = model.MetaState.Fork();
        int[] row = [0];
        for (int i = 0; i < 20; i++)
            Step();
        // The runtime allocates once where it compiles a method again; what a step allocates, it allocates every time.
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 8 && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 50; i++)
                Step();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);

        void Step() => model.Forward.Step([new StepSlice(state, 1)], [5], row);
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = float.NegativeInfinity;
        foreach (float value in values)
            largest = Math.Max(largest, value);
        return largest;
    }
}
