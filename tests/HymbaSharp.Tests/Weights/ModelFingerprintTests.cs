using HymbaSharp.Checkpoints;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Weights;

public sealed class ModelFingerprintTests
{
    private static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Is_equal_for_equal_files_elsewhere_and_different_between_models()
    {
        using TemporaryFolder copy = new();
        Reference.Copy(Reference.Shared, copy.Path);
        Assert.Equal(Of(TestData.Reference(Reference.Shared)), Of(copy.Path));
        Assert.Equal(Reference.Names.Length, Reference.Names.Select(name => Of(TestData.Reference(name))).Distinct().Count());
    }

    [Fact]
    public void Differs_for_any_changed_byte_of_weights_or_configuration()
    {
        using TemporaryFolder copy = new();
        Reference.Copy(Reference.Untied, copy.Path);
        byte[] config = File.ReadAllBytes(copy.File("config.json")), weights = File.ReadAllBytes(copy.File("model.safetensors"));
        int header = 8 + BitConverter.ToInt32(weights);
        HashSet<UInt128> seen = [Of(copy.Path)];
        foreach (int position in (int[])[header, header + 1, (header + weights.Length) / 2, weights.Length - 1])
        {
            byte[] changed = [.. weights];
            changed[position] ^= 1;
            copy.Write("model.safetensors", changed);
            Assert.True(seen.Add(Of(copy.Path)));
        }
        copy.Write("model.safetensors", weights);
        copy.Write("config.json", [.. config, (byte)' ']);
        Assert.True(seen.Add(Of(copy.Path)));
        copy.Write("config.json", config);
        Assert.False(seen.Add(Of(copy.Path)));
    }

    [Fact]
    public void Is_remembered_while_the_files_stay_as_they_are()
    {
        using Folders folders = new();
        UInt128 fingerprint = Of(folders.Model.Path, folders.Cache.Path);
        string memo = folders.Memo;

        // Behind the memo's back: same length, same time.
        folders.FlipWeights();
        Assert.Equal(fingerprint, Of(folders.Model.Path, folders.Cache.Path));

        File.SetLastWriteTimeUtc(folders.Model.File("model.safetensors"), LongAgo.AddSeconds(1));
        UInt128 changed = Of(folders.Model.Path, folders.Cache.Path);
        Assert.NotEqual(fingerprint, changed);
        Assert.Equal(Of(folders.Model.Path), changed);
        Assert.True(File.Exists(memo));
    }

    [Fact]
    public void Is_not_remembered_for_files_changed_just_now()
    {
        using Folders folders = new();
        File.SetLastWriteTimeUtc(folders.Model.File("model.safetensors"), DateTime.UtcNow);
        _ = Of(folders.Model.Path, folders.Cache.Path);
        Assert.Empty(Directory.GetFileSystemEntries(folders.Cache.Path));
    }

    [Fact]
    public void A_damaged_or_misplaced_memo_is_not_believed()
    {
        using Folders folders = new();
        UInt128 fingerprint = Of(folders.Model.Path, folders.Cache.Path);
        byte[] sound = File.ReadAllBytes(folders.Memo);

        // Another checkpoint's memo in the place of this one's.
        using Folders others = new();
        others.FlipWeights();
        _ = Of(others.Model.Path, others.Cache.Path);
        List<byte[]> unusable = [[], sound[..10], sound[..^1], [.. sound, (byte)'0'], [0xFF, 0xFE], new byte[1000], File.ReadAllBytes(others.Memo)];
        foreach (byte[] bytes in unusable)
        {
            File.WriteAllBytes(folders.Memo, bytes);
            Assert.Equal(fingerprint, Of(folders.Model.Path, folders.Cache.Path));
            Assert.Equal(sound, File.ReadAllBytes(folders.Memo));
        }
        Random random = new(1);
        for (int i = 0; i < 300; i++)
        {
            File.WriteAllBytes(folders.Memo, Mutation.Of(sound, random));
            Assert.Equal(fingerprint, Of(folders.Model.Path, folders.Cache.Path));
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_no_error()
    {
        using Folders folders = new();
        string occupied = folders.Cache.Write("occupied", [1]);
        Assert.Equal(Of(folders.Model.Path), Of(folders.Model.Path, occupied));
    }

    private static UInt128 Of(string folder, string? cache = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        return ModelFingerprint.Of(File.ReadAllBytes(Path.Combine(folder, "config.json")), checkpoint, cache);
    }

    /// <summary>A checkpoint written long ago, and an empty cache.</summary>
    private sealed class Folders : IDisposable
    {
        public Folders()
        {
            Reference.Copy(Reference.Untied, Model.Path);
            File.SetLastWriteTimeUtc(Model.File("model.safetensors"), LongAgo);
        }

        public TemporaryFolder Model { get; } = new();

        public TemporaryFolder Cache { get; } = new();

        public string Memo => Assert.Single(Directory.GetFiles(Cache.File("fingerprints")));

        /// <summary>Changes the last byte and leaves the time as it was.</summary>
        public void FlipWeights()
        {
            byte[] weights = File.ReadAllBytes(Model.File("model.safetensors"));
            weights[^1] ^= 1;
            Model.Write("model.safetensors", weights);
            File.SetLastWriteTimeUtc(Model.File("model.safetensors"), LongAgo);
        }

        public void Dispose()
        {
            Model.Dispose();
            Cache.Dispose();
        }
    }
}
