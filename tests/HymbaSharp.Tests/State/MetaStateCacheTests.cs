using System.IO.Hashing;
using HymbaSharp.State;

namespace HymbaSharp.Tests.State;

/// <summary>Seen from the outside: a model opened with a cache folder computes what one without does, whatever lies in that folder.</summary>
public sealed class MetaStateCacheTests
{
    private static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static TheoryData<string> References => Reference.All;

    [Theory]
    [MemberData(nameof(References))]
    public void The_second_opening_uses_what_the_first_kept(string name)
    {
        using TemporaryFolder cache = new();
        float[] computed = Logits(name, cache.Path);
        string file = KeptFile(cache);
        File.SetLastWriteTimeUtc(file, LongAgo);
        Assert.Equal(computed, Logits(name, cache.Path));
        Assert.Equal(LongAgo, File.GetLastWriteTimeUtc(file));
        Assert.Equal(computed, Logits(name, cacheFolder: null));
    }

    [Fact]
    public void No_step_runs_where_a_state_was_kept()
    {
        using TemporaryFolder cache = new();
        _ = Logits(Reference.Shared, cache.Path);
        string file = KeptFile(cache);
        // What is kept is believed: a state with other numbers, well hashed, gives other logits.
        byte[] bytes = File.ReadAllBytes(file);
        for (int i = 48; i < bytes.Length - 16; i++)
            bytes[i] = 0;
        XxHash128.Hash(bytes.AsSpan(0, bytes.Length - 16)).CopyTo(bytes, bytes.Length - 16);
        File.WriteAllBytes(file, bytes);
        Assert.NotEqual(Logits(Reference.Shared, cacheFolder: null), Logits(Reference.Shared, cache.Path));
    }

    [Fact]
    public void A_file_that_is_not_usable_is_computed_again_and_replaced()
    {
        using TemporaryFolder cache = new(), other = new();
        float[] computed = Logits(Reference.Shared, cache.Path);
        _ = Logits(Reference.Untied, other.Path);
        string file = KeptFile(cache);
        byte[] sound = File.ReadAllBytes(file), foreign = File.ReadAllBytes(KeptFile(other));

        List<byte[]> unusable = [[], sound[..20], sound[..^1], [.. sound, 0], foreign, new byte[sound.Length], Conversation(), LaterPosition()];
        Random random = new(1);
        for (int i = 0; i < 100; i++)
        {
            byte[] flipped = [.. sound];
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            unusable.Add(flipped);
        }
        foreach (byte[] bytes in unusable)
        {
            File.WriteAllBytes(file, bytes);
            Assert.Equal(computed, Logits(Reference.Shared, cache.Path));
            Assert.Equal(sound, File.ReadAllBytes(file));
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_no_error()
    {
        using TemporaryFolder folder = new();
        string occupied = folder.Write("occupied", [1]);
        Assert.Equal(Logits(Reference.Shared, cacheFolder: null), Logits(Reference.Shared, occupied));
        Assert.Equal(Logits(Reference.Shared, cacheFolder: null), Logits(Reference.Shared, Path.Combine(occupied, "below")));
    }

    [Fact]
    public void Without_cache_nothing_is_written()
    {
        using TemporaryFolder cache = new();
        using (HymbaModel.Load(TestData.Reference(Reference.Shared), Reference.Options() with { CacheFolder = cache.Path }))
            Assert.Empty(Directory.GetFileSystemEntries(cache.Path));
    }

    [Fact]
    public void Keeps_the_states_of_a_few_models_only()
    {
        using TemporaryFolder cache = new();
        string folder = Directory.CreateDirectory(cache.File("meta-states")).FullName;
        for (int i = 0; i < 40; i++)
        {
            string old = Path.Combine(folder, $"{i}.state");
            File.WriteAllBytes(old, []);
            File.SetLastWriteTimeUtc(old, LongAgo.AddDays(i));
        }
        _ = Logits(Reference.Shared, cache.Path);
        string[] left = Directory.GetFiles(folder);
        Assert.Equal(16, left.Length);
        Assert.Contains(left, file => new FileInfo(file).Length > 0);
        Assert.Contains(Path.Combine(folder, "39.state"), left);
    }

    private static string KeptFile(TemporaryFolder cache) => Assert.Single(Directory.GetFiles(cache.File("meta-states")));

    private static float[] Logits(string name, string? cacheFolder)
    {
        using HymbaModel model = Reference.Open(name, cacheFolder: cacheFolder, threads: 1);
        using HymbaSession session = model.StartSession();
        session.Append(Reference.Text(model, 100));
        return session.Logits.ToArray();
    }

    /// <summary>A snapshot of the right model that is no meta state.</summary>
    private static byte[] Conversation()
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        session.Save(folder.File("session"));
        return File.ReadAllBytes(folder.File("session"));
    }

    /// <summary>A sound file that says it is the meta state, of a position past the meta tokens.</summary>
    private static byte[] LaterPosition()
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(Reference.Shared);
        using SequenceState state = new(model.Shape);
        int positions = model.Config.MetaTokens + 3;
        _ = model.Forward.Step([new(state, positions)], new int[positions], []);
        Snapshot.Write(folder.File("state"), model.Fingerprint, model.Shape, state, [1, 2, 3], [], [], withMeta: true);
        return File.ReadAllBytes(folder.File("state"));
    }
}
