using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using HymbaSharp.Configuration;
using HymbaSharp.State;

namespace HymbaSharp.Tests.State;

/// <summary>The file as docs/snapshot-format.md has it, read here by that page alone.</summary>
public sealed class SnapshotFormatTests
{
    public static TheoryData<string> References => Reference.All;

    [Theory]
    [MemberData(nameof(References))]
    public void A_session_lies_as_documented(string name)
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(name, cacheFolder: folder.Path);
        int[] text = Reference.Text(model, 100);
        using HymbaSession session = model.StartSession();
        session.Append(text);
        session.Save(folder.File("session"), "mine"u8);
        using SequenceState meta = Meta(model, folder), state = Snapshot.Read(folder.File("session"), model.Fingerprint, model.Shape, meta).State;

        HymbaConfig config = model.Config;
        byte[] file = File.ReadAllBytes(folder.File("session"));
        int position = config.MetaTokens + 100;
        AssertHeader(file, kind: 0, model.Fingerprint, position, tokens: 100, config.VocabularySize, attachment: 4);
        int at = 48;
        Assert.Equal(text, MemoryMarshal.Cast<byte, int>(Next(file, ref at, 100)));
        Assert.Equal(session.Logits, MemoryMarshal.Cast<byte, float>(Next(file, ref at, config.VocabularySize)));
        Assert.Equal("mine"u8, file.AsSpan(at, 4));
        at += 4;
        AssertState(file, ref at, model, state, owner => config.KeyValueOwners.Index().Any(layer => layer.Item == owner && config.IsGlobal(layer.Index))
            ? (config.MetaTokens, position) : (Math.Max(config.MetaTokens, position - config.SlidingWindow), position));
        AssertEnd(file, at);
    }

    [Theory]
    [MemberData(nameof(References))]
    public void A_meta_state_lies_as_documented(string name)
    {
        using TemporaryFolder cache = new();
        using HymbaModel model = Reference.Open(name, cacheFolder: cache.Path);
        byte[] file = File.ReadAllBytes(MetaFile(cache));
        AssertHeader(file, kind: 1, model.Fingerprint, model.Config.MetaTokens, tokens: 0, logits: 0, attachment: 0);
        using SequenceState state = Meta(model, cache);
        int at = 48;
        AssertState(file, ref at, model, state, _ => (0, model.Config.MetaTokens));
        AssertEnd(file, at);
    }

    [Theory]
    [MemberData(nameof(References))]
    public void The_fingerprint_is_the_documented_hash(string name)
    {
        using HymbaModel model = Reference.Open(name);
        XxHash128 hash = new();
        hash.Append(File.ReadAllBytes(Path.Combine(model.Folder, "config.json")));
        Span<byte> digest = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(digest, XxHash128.HashToUInt128(File.ReadAllBytes(Path.Combine(model.Folder, "model.safetensors"))));
        hash.Append(digest);
        Assert.Equal(hash.GetCurrentHashAsUInt128(), model.Fingerprint);
    }

    private static string MetaFile(TemporaryFolder cache) => Assert.Single(Directory.GetFiles(cache.File("meta-states")));

    private static SequenceState Meta(HymbaModel model, TemporaryFolder cache) => Snapshot.Read(MetaFile(cache), model.Fingerprint, model.Shape, meta: null).State;

    private static void AssertHeader(byte[] file, int kind, UInt128 fingerprint, int position, int tokens, int logits, int attachment)
    {
        Assert.Equal("HYMBASTA"u8, file.AsSpan(0, 8));
        Assert.Equal([1, kind], MemoryMarshal.Cast<byte, int>(file.AsSpan(8, 8)));
        Assert.Equal(fingerprint, BinaryPrimitives.ReadUInt128LittleEndian(file.AsSpan(16)));
        Assert.Equal([position, tokens, logits, attachment], MemoryMarshal.Cast<byte, int>(file.AsSpan(32, 16)));
    }

    private static void AssertState(byte[] file, ref int at, HymbaModel model, SequenceState state, Func<int, (int Start, int End)> positions)
    {
        HymbaConfig config = model.Config;
        int recurrent = config.LayerCount * (config.ConvolutionWidth - 1 + config.StateSize) * config.InnerSize;
        Assert.Equal(state.Recurrent, MemoryMarshal.Cast<byte, float>(Next(file, ref at, recurrent)));
        float[] row = new float[config.KeyValueHeads * (config.KeyHeadSize + config.ValueHeadSize)];
        foreach ((int index, int owner) in model.Shape.Owners.Index())
        {
            (int start, int end) = positions(owner);
            for (int position = start; position < end; position++)
            {
                state.ReadRow(index, position, row);
                Assert.Equal(row, MemoryMarshal.Cast<byte, float>(Next(file, ref at, row.Length)));
            }
        }
    }

    private static void AssertEnd(byte[] file, int at)
    {
        Assert.Equal(file.Length - 16, at);
        Assert.Equal(XxHash128.Hash(file.AsSpan(0, at)), file.AsSpan(at));
    }

    private static Span<byte> Next(byte[] file, ref int at, int numbers)
    {
        Span<byte> bytes = file.AsSpan(at, 4 * numbers);
        at += bytes.Length;
        return bytes;
    }
}
