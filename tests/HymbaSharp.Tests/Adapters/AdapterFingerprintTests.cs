using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.State;

namespace HymbaSharp.Tests.Adapters;

/// <summary>States belong to a model with its adapters, and to no other.</summary>
public sealed class AdapterFingerprintTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_differs_with_adapters_scales_and_their_order_and_not_with_where_they_lie()
    {
        AdapterReference first = Sample(1), second = Sample(2);
        HashSet<UInt128> seen = [];
        foreach (AdapterReference[] adapters in (AdapterReference[][])[[], [first], [second], [first with { Scale = 0.5f }], [first, second], [second, first], [first, first]])
            Assert.True(seen.Add(Of(adapters)));

        string elsewhere = _folder.File("elsewhere");
        Directory.Move(first.Folder, elsewhere);
        AdapterReference moved = new(elsewhere);
        Assert.False(seen.Add(Of(moved)));

        string file = Path.Combine(elsewhere, "adapter_model.safetensors"), config = Path.Combine(elsewhere, "adapter_config.json");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.True(seen.Add(Of(moved)));
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"lora_alpha\": 6", "\"lora_alpha\": 7", StringComparison.Ordinal));
        Assert.True(seen.Add(Of(moved)));
    }

    [Fact]
    public void A_session_saved_with_an_adapter_is_restored_with_it_only()
    {
        AdapterReference adapter = Sample(1);
        string file = _folder.File("session.state");
        using HymbaModel plain = Open(null), adapted = Open(null, adapter), again = Open(null, adapter);
        using HymbaSession session = adapted.StartSession();
        session.Append([1, 2, 3]);
        session.Save(file);
        using HymbaSession restored = again.RestoreSession(file);
        restored.Append(4);
        session.Append(4);
        Assert.Equal(session.Logits.ToArray(), restored.Logits.ToArray());
        Assert.Throws<SnapshotException>(() => plain.RestoreSession(file));
    }

    [Fact]
    public void Kept_meta_states_are_not_mixed()
    {
        AdapterReference adapter = SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, 1, whole: [TensorNames.MetaTokens]);
        string cache = _folder.File("cache");
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(Logits(null), Logits(cache));
            Assert.Equal(Logits(null, adapter), Logits(cache, adapter));
        }
        Assert.NotEqual(Logits(null), Logits(null, adapter));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(cache, "meta-states")).Length);
    }

    private AdapterReference Sample(int seed) => SampleAdapter.Write(_folder, Reference.Shared, SampleAdapter.Lora, seed);

    private static HymbaModel Open(string? cache, params AdapterReference[] adapters) =>
        HymbaModel.Load(TestData.Reference(Reference.Shared), Reference.Options(contextLength: 256, cacheFolder: cache) with { Adapters = adapters });

    private static UInt128 Of(params AdapterReference[] adapters)
    {
        using HymbaModel model = Open(null, adapters);
        return model.Fingerprint;
    }

    private static float[] Logits(string? cache, params AdapterReference[] adapters)
    {
        using HymbaModel model = Open(cache, adapters);
        using HymbaSession session = model.StartSession();
        session.Append([1, 2, 3]);
        return session.Logits.ToArray();
    }
}
