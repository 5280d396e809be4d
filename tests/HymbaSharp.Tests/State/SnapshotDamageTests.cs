using System.Buffers.Binary;
using System.IO.Hashing;
using HymbaSharp.State;

namespace HymbaSharp.Tests.State;

/// <summary>A file of any content restores or is refused by <see cref="SnapshotException"/>, and takes no more memory than it is long.</summary>
public sealed class SnapshotDamageTests : IDisposable
{
    private const int Version = 8, Kind = 12, Position = 32, Tokens = 36, Logits = 40, Attachment = 44, HeaderBytes = 48, HashBytes = 16;

    private readonly TemporaryFolder _folder = new();
    private readonly HymbaModel _model = Reference.Open(Reference.Shared, contextLength: 100, threads: 1);
    private readonly byte[] _sound;

    public SnapshotDamageTests()
    {
        using HymbaSession session = _model.StartSession();
        session.Append(Reference.Text(_model, 30));
        session.Save(_folder.File("session"), "attached"u8);
        _sound = File.ReadAllBytes(_folder.File("session"));
    }

    [Fact]
    public void Every_flipped_bit_is_found()
    {
        Random random = new(1);
        for (int i = 0; i < 600; i++)
        {
            byte[] damaged = [.. _sound];
            int at = i < HeaderBytes * 8 ? i / 8 : random.Next(damaged.Length);
            damaged[at] ^= (byte)(1 << (i % 8));
            Assert.Throws<SnapshotException>(() => Restore(damaged));
        }
    }

    [Fact]
    public void Every_other_length_is_found()
    {
        Random random = new(1);
        foreach (int length in (int[])[0, 1, 7, 8, 47, 48, 49, .. Enumerable.Range(0, 200).Select(_ => random.Next(_sound.Length)), _sound.Length - 17, _sound.Length - 1])
            Assert.Throws<SnapshotException>(() => Restore(_sound[..length]));
        foreach (int more in (int[])[1, 4, 16, 4096])
            Assert.Throws<SnapshotException>(() => Restore([.. _sound, .. new byte[more]]));
    }

    [Fact]
    public void Damage_of_any_kind_restores_or_is_refused()
    {
        Random random = new(2);
        for (int i = 0; i < 1000; i++)
        {
            byte[] damaged = Mutation.Of(_sound, random);
            TryRestore(i % 2 == 0 ? damaged : Rehashed(damaged));
        }
    }

    [Fact]
    public void Damage_of_the_header_restores_or_is_refused_where_the_hash_is_right()
    {
        Random random = new(3);
        int[] extremes = [int.MinValue, -1, 0, 1, 29, 30, 31, 33, 34, 35, 96, 100, 104, 105, Snapshot.MaxAttachmentBytes, Snapshot.MaxAttachmentBytes + 1, int.MaxValue - 1, int.MaxValue];
        int restored = 0;
        for (int i = 0; i < 1000; i++)
        {
            byte[] damaged = [.. _sound];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int field = random.Next(6) switch { 0 => Version, 1 => Kind, 2 => Position, 3 => Tokens, 4 => Logits, _ => Attachment };
                BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(field), extremes[random.Next(extremes.Length)]);
            }
            restored += TryRestore(Rehashed(damaged)) ? 1 : 0;
        }
        Assert.InRange(restored, 0, 100);
    }

    [Theory]
    [InlineData(Version, 0)]
    [InlineData(Version, 2)]
    [InlineData(Kind, 1)]
    [InlineData(Kind, 2)]
    [InlineData(Kind, -1)]
    [InlineData(Position, 35)]
    [InlineData(Tokens, 29)]
    [InlineData(Logits, 95)]
    [InlineData(Logits, 0)]
    [InlineData(Attachment, -1)]
    [InlineData(Attachment, 9)]
    public void Refuses_a_header_field_of_another_value(int field, int value)
    {
        byte[] damaged = [.. _sound];
        BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(field), value);
        Assert.Throws<SnapshotException>(() => Restore(Rehashed(damaged)));
    }

    [Theory]
    [InlineData(96)]
    [InlineData(-1)]
    public void Refuses_a_token_outside_the_vocabulary(int token)
    {
        byte[] damaged = [.. _sound];
        BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(HeaderBytes + (7 * sizeof(int))), token);
        Assert.Contains("vocabulary", Assert.Throws<SnapshotException>(() => Restore(Rehashed(damaged))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Takes_a_token_and_a_state_of_other_values()
    {
        byte[] changed = [.. _sound];
        BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(HeaderBytes), 95);
        changed.AsSpan(HeaderBytes + 2000, 1000).Fill(0xFF);
        Assert.True(TryRestore(Rehashed(changed)));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private static byte[] Rehashed(byte[] bytes)
    {
        if (bytes.Length >= HashBytes)
            XxHash128.Hash(bytes.AsSpan(0, bytes.Length - HashBytes)).CopyTo(bytes, bytes.Length - HashBytes);
        return bytes;
    }

    private bool TryRestore(byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool restored;
        try
        {
            Restore(bytes);
            restored = true;
        }
        catch (SnapshotException)
        {
            restored = false;
        }
        // The file, its buffer of 1 MB, and change.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000 + (4 * bytes.Length));
        return restored;
    }

    private void Restore(byte[] bytes)
    {
        using HymbaSession session = _model.RestoreSession(_folder.Write("damaged", bytes));
        session.Append(1);
    }
}
