using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;

namespace HymbaSharp.Weights;

/// <summary>
/// What a state belongs to: a 128-bit hash (XXH3) of config.json, of every byte of the weight files and of the adapters. Reading 3 GB takes a few tenths of a
/// second, so the result is remembered in the cache folder under the files' paths, lengths and modification times.
/// </summary>
internal static unsafe class ModelFingerprint
{
    private const int SegmentBytes = 16 << 20;

    // A file changed twice within the clock's tick would keep its time: one changed just now is not remembered.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    /// <summary>The fingerprint of a configuration and the checkpoint opened with it.</summary>
    /// <param name="configJson">The bytes of config.json.</param>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="cacheFolder">Where fingerprints are remembered, or null for nowhere.</param>
    /// <param name="verify">Called before a fingerprint that is not remembered is made and remembered; throws where the weights are damaged.</param>
    public static UInt128 Of(ReadOnlySpan<byte> configJson, Checkpoint checkpoint, string? cacheFolder, Action? verify = null)
    {
        UInt128 key = Key(configJson, checkpoint, out bool settled);
        string? memo = cacheFolder is null ? null : Path.Combine(cacheFolder, "fingerprints", $"{key:x32}");
        if (memo is not null && Remembered(memo, key) is { } known)
            return known;
        verify?.Invoke();
        UInt128 fingerprint = Hash(configJson, checkpoint);
        if (memo is not null && settled)
            Remember(memo, key, fingerprint);
        return fingerprint;
    }

    /// <summary>The fingerprint of a model with adapters: for each, in order, the model's so far, its scale, the bytes of its configuration and of its file are hashed.</summary>
    public static UInt128 With(UInt128 model, ImmutableArray<Adapter> adapters)
    {
        Span<byte> prefix = stackalloc byte[16 + sizeof(float)];
        foreach (Adapter adapter in adapters)
        {
            XxHash128 all = new();
            BinaryPrimitives.WriteUInt128LittleEndian(prefix, model);
            BinaryPrimitives.WriteSingleLittleEndian(prefix[16..], adapter.Reference.Scale);
            all.Append(prefix);
            all.Append(adapter.ConfigJson);
            Append(all, adapter.File);
            model = all.GetCurrentHashAsUInt128();
        }
        return model;
    }

    /// <summary>The fingerprint of a model that was opened in a way that changes what it computes.</summary>
    public static UInt128 With(UInt128 model, string change)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, model);
        XxHash128 all = new();
        all.Append(bytes);
        all.Append(Encoding.UTF8.GetBytes(change));
        return all.GetCurrentHashAsUInt128();
    }

    private static UInt128 Hash(ReadOnlySpan<byte> configJson, Checkpoint checkpoint)
    {
        XxHash128 all = new();
        all.Append(configJson);
        foreach (SafetensorsFile file in checkpoint.Files)
            Append(all, file);
        return all.GetCurrentHashAsUInt128();
    }

    private static void Append(XxHash128 all, SafetensorsFile file)
    {
        nint data = (nint)file.Data;
        long length = file.Length;
        UInt128[] segments = new UInt128[(length + SegmentBytes - 1) / SegmentBytes];
        Parallel.For(0, segments.Length, i =>
        {
            long start = (long)i * SegmentBytes;
            segments[i] = XxHash128.HashToUInt128(new ReadOnlySpan<byte>((byte*)data + start, (int)Math.Min(SegmentBytes, length - start)));
        });
        Span<byte> digest = stackalloc byte[16];
        foreach (UInt128 segment in segments)
        {
            BinaryPrimitives.WriteUInt128LittleEndian(digest, segment);
            all.Append(digest);
        }
    }

    private static UInt128 Key(ReadOnlySpan<byte> configJson, Checkpoint checkpoint, out bool settled)
    {
        settled = true;
        XxHash128 key = new();
        key.Append(configJson);
        foreach (SafetensorsFile file in checkpoint.Files)
        {
            FileInfo info = new(File.ResolveLinkTarget(file.Path, returnFinalTarget: true)?.FullName ?? file.Path);
            settled &= DateTime.UtcNow - info.LastWriteTimeUtc > Settled;
            key.Append(Encoding.UTF8.GetBytes(info.FullName));
            key.Append(MemoryMarshal.AsBytes<long>([info.Length, info.LastWriteTimeUtc.Ticks]));
        }
        return key.GetCurrentHashAsUInt128();
    }

    // The key is written beside the fingerprint, and a hash of both behind them, so that no damaged or misplaced file is believed.
    private static UInt128? Remembered(string memo, UInt128 key)
    {
        try
        {
            if (!File.Exists(memo))
                return null;
            string[] words = File.ReadAllText(memo).Split(' ');
            return words.Length == 2 && UInt128.TryParse(words[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 fingerprint)
                && words[1] == Proof(key, fingerprint) ? fingerprint : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Remember(string memo, UInt128 key, UInt128 fingerprint)
    {
        try
        {
            _ = Directory.CreateDirectory(Path.GetDirectoryName(memo)!);
            string temporary = $"{memo}.{Guid.NewGuid():N}.tmp";
            File.WriteAllText(temporary, $"{fingerprint:x32} {Proof(key, fingerprint)}");
            File.Move(temporary, memo, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            System.Diagnostics.Trace.TraceWarning($"The fingerprint can't be remembered in {memo}: {error.Message}");
        }
    }

    private static string Proof(UInt128 key, UInt128 fingerprint) =>
        $"{XxHash128.HashToUInt128(Encoding.ASCII.GetBytes($"{key:x32}{fingerprint:x32}")):x32}";
}
