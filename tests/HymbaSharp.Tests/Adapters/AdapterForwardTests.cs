using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.Forward;
using HymbaSharp.Kernels;
using HymbaSharp.State;
using HymbaSharp.Tests.Forward;

namespace HymbaSharp.Tests.Adapters;

/// <summary>A model with adapters computes what the checkpoint they are merged into computes, at every kernel path of the machine.</summary>
public sealed class AdapterForwardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, KernelPath> Models => ReferenceModel.All;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public void Lora(string model, KernelPath path) =>
        AssertComputesTheMerged(model, path, SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 1));

    [Theory]
    [MemberData(nameof(Models))]
    public void Several_loras_with_scales_and_stored_in_every_type(string model, KernelPath path) => AssertComputesTheMerged(
        model,
        path,
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora with { RankStabilised = true }, 1) with { Scale = 0.5f },
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora with { Rank = 17 }, 2, type: ElementType.BF16) with { Scale = -0.7f },
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora with { Rank = 1 }, 3, type: ElementType.F16, adapts: module => module.EndsWith("dt_proj.0", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Models))]
    public void Dora(string model, KernelPath path) =>
        AssertComputesTheMerged(model, path, SampleAdapter.Write(_folder, model, SampleAdapter.Dora, 1) with { Scale = 0.6f });

    [Theory]
    [MemberData(nameof(Models))]
    public void Doras_and_loras_one_after_the_other(string model, KernelPath path) => AssertComputesTheMerged(
        model,
        path,
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 1),
        SampleAdapter.Write(_folder, model, SampleAdapter.Dora, 2),
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 3) with { Scale = 2 },
        SampleAdapter.Write(_folder, model, SampleAdapter.Dora, 4, adapts: module => module.Contains(".layers.1.", StringComparison.Ordinal)),
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 5));

    [Theory]
    [MemberData(nameof(Models))]
    public void Meta_tokens_and_other_tensors_held_whole(string model, KernelPath path) => AssertComputesTheMerged(
        model,
        path,
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 1, adapts: _ => false, whole: [TensorNames.MetaTokens, TensorNames.FinalNorm, TensorNames.DecayLog(1), TensorNames.MlpUp(2)]),
        SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 2));

    [Theory]
    [MemberData(nameof(Models))]
    public void A_ragged_batch_gives_each_sequence_the_logits_of_the_merged(string model, KernelPath path)
    {
        AdapterReference[] adapters = [SampleAdapter.Write(_folder, model, SampleAdapter.Dora, 1), SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 2)];
        AdapterMerge.Write(TestData.Reference(model), adapters, _folder.File("merged"), ElementType.F32);
        int[] ids = Reference.Ids(model, "input_ids");
        using HymbaModel merged = Open(_folder.File("merged"), path), adapted = Open(TestData.Reference(model), path, adapters);
        float[] expected = Prompt(merged, ids);
        int vocabulary = merged.Config.VocabularySize;
        int[] speeds = [1, 5, 17, 2];
        using SequenceState meta = MetaState(adapted);
        SequenceState[] states = [.. speeds.Select(_ => meta.Fork())];
        while (states.Any(state => state.TokenCount < ids.Length))
        {
            List<StepSlice> slices = [];
            List<int> tokens = [], starts = [];
            for (int i = 0; i < states.Length; i++)
            {
                int done = states[i].TokenCount, count = Math.Min(speeds[i], ids.Length - done);
                if (count == 0)
                    continue;
                slices.Add(new StepSlice(states[i], count));
                tokens.AddRange(ids.AsSpan(done, count));
                starts.AddRange(Enumerable.Range(done, count));
            }
            Matrix step = adapted.Forward.Step(slices.ToArray(), tokens.ToArray(), [.. Enumerable.Range(0, tokens.Count)]);
            float[] wanted = [.. starts.SelectMany(token => expected[(token * vocabulary)..((token + 1) * vocabulary)])];
            // Held against the spread of all logits: some rows alone have little.
            Assert.InRange(ReferenceModel.Error([.. ReferenceModel.Copy(step), .. expected], [.. wanted, .. expected]), 0, Reference.Tolerance);
        }
        foreach (SequenceState state in states)
            state.Dispose();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void B_of_zeros_changes_no_bit(string model, KernelPath path)
    {
        AdapterReference zero = SampleAdapter.Write(_folder, model, SampleAdapter.Lora, 1, up: 0) with { Scale = 3 };
        int[] ids = Reference.Ids(model, "input_ids");
        using HymbaModel plain = Open(TestData.Reference(model), path), adapted = Open(TestData.Reference(model), path, zero);
        Assert.Equal(Prompt(plain, ids), Prompt(adapted, ids));
        Assert.Equal(Decode(plain, ids), Decode(adapted, ids));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Magnitudes_of_the_weights_own_rows_change_nothing_but_rounding(string model, KernelPath path)
    {
        AdapterReference zero = SampleAdapter.Write(_folder, model, SampleAdapter.Dora, 1, up: 0);
        int[] ids = Reference.Ids(model, "input_ids");
        using HymbaModel adapted = Open(TestData.Reference(model), path, zero);
        Assert.InRange(ReferenceModel.Error(Prompt(adapted, ids), Reference.Logits(model)), 0, Reference.Tolerance);
    }

    [Fact]
    public void A_scale_of_zero_leaves_the_model_as_it_is()
    {
        AdapterReference off = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1) with { Scale = 0 };
        int[] ids = Reference.Ids(Reference.Shared, "input_ids");
        using HymbaModel plain = Open(TestData.Reference(Reference.Shared), KernelPaths.Selected), adapted = Open(TestData.Reference(Reference.Shared), KernelPaths.Selected, off);
        Assert.Equal(Prompt(plain, ids), Prompt(adapted, ids));
    }

    [Fact]
    public void A_decode_step_allocates_nothing()
    {
        AdapterReference[] adapters = [SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1), SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Dora, 2)];
        using HymbaModel model = HymbaModel.Load(TestData.Reference(Reference.Shared), Reference.Options(contextLength: 256) with { Adapters = adapters });
        using SequenceState state = MetaState(model);
        state.Reserve(250);
        int[] row = [0];
        for (int i = 0; i < 20; i++)
            Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
            Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Step() => model.Forward.Step([new StepSlice(state, 1)], [5], row);
    }

    [Fact]
    public void What_a_token_reads_and_computes_includes_the_adapters()
    {
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1);
        using HymbaModel plain = Open(TestData.Reference(Reference.Shared), KernelPaths.Selected), adapted = Open(TestData.Reference(Reference.Shared), KernelPaths.Selected, adapter);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(adapter.Folder, AdapterTensorNames.FileName));
        Assert.Equal(file.Tensors.Sum(tensor => tensor.ByteLength), adapted.WeightBytesPerToken - plain.WeightBytesPerToken);
        Assert.Equal(file.Tensors.Sum(tensor => 2 * tensor.ElementCount), adapted.MatrixOperationsPerToken - plain.MatrixOperationsPerToken);
    }

    private void AssertComputesTheMerged(string model, KernelPath path, params AdapterReference[] adapters)
    {
        AdapterMerge.Write(TestData.Reference(model), adapters, _folder.File("merged"), ElementType.F32);
        int[] ids = Reference.Ids(model, "input_ids");
        using HymbaModel merged = Open(_folder.File("merged"), path), adapted = Open(TestData.Reference(model), path, adapters);
        float[] expected = Prompt(merged, ids);
        // The adapters must matter, or nothing is tested.
        Assert.InRange(ReferenceModel.Error(Reference.Logits(model), expected), 0.1, double.MaxValue);
        Assert.InRange(ReferenceModel.Error(Prompt(adapted, ids), expected), 0, Reference.Tolerance);
        Assert.InRange(ReferenceModel.Error(Decode(adapted, ids), expected), 0, Reference.Tolerance);
        foreach (int chunk in (int[])[3, 23, 30])
            Assert.InRange(ReferenceModel.Error(Prompt(adapted, ids, chunk), expected), 0, Reference.Tolerance);
    }

    private static HymbaModel Open(string folder, KernelPath path, params AdapterReference[] adapters) =>
        HymbaModel.Load(folder, Reference.Options(contextLength: 256, threads: 2) with { KernelPath = path, Adapters = adapters });

    private static SequenceState MetaState(HymbaModel model)
    {
        SequenceState state = new(model.Shape);
        _ = model.Forward.Step([new StepSlice(state, model.Config.MetaTokens)], new int[model.Config.MetaTokens], []);
        return state;
    }

    private static float[] Prompt(HymbaModel model, int[] ids, int chunk = int.MaxValue)
    {
        using HymbaSession session = model.StartSession();
        List<float> all = [];
        foreach (int[] part in ids.Chunk(Math.Min(chunk, ids.Length)))
            session.Append(part, (_, logits) => all.AddRange(logits));
        return [.. all];
    }

    private static float[] Decode(HymbaModel model, int[] ids)
    {
        using HymbaSession session = model.StartSession();
        return [.. Reference.Steps(session, ids).SelectMany(logits => logits)];
    }
}
