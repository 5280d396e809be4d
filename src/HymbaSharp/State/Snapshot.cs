using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using HymbaSharp.Configuration;

namespace HymbaSharp.State;

/// <summary>
/// A sequence state as a file (docs/snapshot-format.md): header, tokens, the logits that follow them, an attachment, the recurrent state, then for each
/// owner the keys and values it keeps, and a hash of all before it. What is read back is the state bit for bit.
/// </summary>
internal static class Snapshot
{
    /// <summary>The version this library writes and reads.</summary>
    public const int Version = 1;

    /// <summary>The most bytes an attachment has.</summary>
    public const int MaxAttachmentBytes = 64 << 20;

    private const int HeaderBytes = 48;
    private const int HashBytes = 16;

    private static ReadOnlySpan<byte> Magic => "HYMBASTA"u8;

    /// <summary>Writes a state whole or not at all: to a temporary file beside it that then takes its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fingerprint">Of the model.</param>
    /// <param name="shape">The model's state shape.</param>
    /// <param name="state">What is written.</param>
    /// <param name="tokens">The ids it has passed.</param>
    /// <param name="logits">The logits after the last of them [V], or none.</param>
    /// <param name="attachment">Bytes of the caller's, given back as they are.</param>
    /// <param name="withMeta">Whether the meta tokens' keys and values are written too, which a model has anyway.</param>
    public static void Write(
        string path, UInt128 fingerprint, StateShape shape, SequenceState state,
        ReadOnlySpan<int> tokens, ReadOnlySpan<float> logits, ReadOnlySpan<byte> attachment, bool withMeta)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20))
            {
                Writer writer = new(stream);
                writer.Header(fingerprint, new Header(state.Position, tokens.Length, logits.Length, attachment.Length, withMeta));
                writer.Write(MemoryMarshal.AsBytes(tokens));
                writer.Write(MemoryMarshal.AsBytes(logits));
                writer.Write(attachment);
                writer.Write(MemoryMarshal.AsBytes<float>(state.Recurrent));
                float[] row = new float[RowFloats(shape.Config)];
                foreach ((int owner, int position) in Rows(shape, state.Position, withMeta))
                {
                    state.ReadRow(owner, position, row);
                    writer.Write(MemoryMarshal.AsBytes<float>(row));
                }
                writer.Finish();
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads a state back; nothing is computed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fingerprint">Of the model that is to go on from it.</param>
    /// <param name="shape">The model's state shape.</param>
    /// <param name="meta">The model's meta state, or null where the snapshot must bring it along.</param>
    /// <exception cref="SnapshotException">The file is no snapshot, damaged, or not of this model.</exception>
    public static (SequenceState State, int[] Tokens, float[] Logits, byte[] Attachment) Read(string path, UInt128 fingerprint, StateShape shape, SequenceState? meta)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20);
            Reader reader = new(stream, path);
            Header header = reader.Header(fingerprint);
            Check(header, stream.Length, shape, meta is not null, path);
            int[] tokens = new int[header.Tokens];
            reader.Read(MemoryMarshal.AsBytes(tokens.AsSpan()));
            if (tokens.Any(token => (uint)token >= (uint)shape.Config.VocabularySize))
                throw new SnapshotException($"{path} is damaged: a token id lies outside the vocabulary.");
            float[] logits = new float[header.Logits];
            reader.Read(MemoryMarshal.AsBytes(logits.AsSpan()));
            byte[] attachment = new byte[header.Attachment];
            reader.Read(attachment);
            SequenceState state = meta?.Fork() ?? new SequenceState(shape);
            try
            {
                reader.Read(MemoryMarshal.AsBytes(state.Recurrent));
                state.BeginRestore(header.Position);
                float[] row = new float[RowFloats(shape.Config)];
                foreach ((int owner, int position) in Rows(shape, header.Position, header.WithMeta))
                {
                    reader.Read(MemoryMarshal.AsBytes(row.AsSpan()));
                    state.WriteRow(owner, position, row);
                }
                reader.Finish();
                return (state, tokens, logits, attachment);
            }
            catch
            {
                state.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new SnapshotException($"{path} can't be read: {error.Message}", error);
        }
    }

    // Every length follows from the header, so a file of another length is refused before anything is allocated for it.
    private static void Check(Header header, long length, StateShape shape, bool hasMeta, string path)
    {
        HymbaConfig config = shape.Config;
        if (header.WithMeta == hasMeta)
            throw new SnapshotException($"{path} {(hasMeta ? "holds a model's meta state, not a conversation" : "holds a conversation, not a model's meta state")}.");
        if (header.Position < config.MetaTokens || header.Tokens != header.Position - config.MetaTokens || (header.WithMeta && header.Tokens != 0)
            || header.Logits != (header.Tokens == 0 ? 0 : config.VocabularySize) || header.Attachment is < 0 or > MaxAttachmentBytes)
            throw new SnapshotException($"{path} is damaged: its header contradicts itself.");
        if (header.Tokens > shape.ContextLength)
            throw new SnapshotException($"{path} holds {header.Tokens} tokens; this model was opened with a context of {shape.ContextLength}.");
        long rows = 0;
        for (int owner = 0; owner < shape.Owners.Length; owner++)
            rows += header.Position - shape.FirstKept(owner, header.Position) + (header.WithMeta ? config.MetaTokens : 0);
        long floats = header.Tokens + header.Logits + shape.RecurrentFloats + (rows * RowFloats(config));
        long expected = HeaderBytes + (floats * sizeof(float)) + header.Attachment + HashBytes;
        if (length != expected)
            throw new SnapshotException($"{path} is damaged: it has {length} bytes, its header asks for {expected}.");
    }

    private static IEnumerable<(int Owner, int Position)> Rows(StateShape shape, int position, bool withMeta)
    {
        for (int owner = 0; owner < shape.Owners.Length; owner++)
        {
            for (int meta = 0; withMeta && meta < shape.Config.MetaTokens; meta++)
                yield return (owner, meta);
            for (int row = shape.FirstKept(owner, position); row < position; row++)
                yield return (owner, row);
        }
    }

    private static int RowFloats(HymbaConfig config) => config.KeyValueHeads * (config.KeyHeadSize + config.ValueHeadSize);

    private readonly record struct Header(int Position, int Tokens, int Logits, int Attachment, bool WithMeta);

    private readonly struct Writer(Stream stream)
    {
        private readonly XxHash128 _hash = new();

        public void Header(UInt128 fingerprint, Header values)
        {
            Span<byte> header = stackalloc byte[HeaderBytes];
            header.Clear();
            Magic.CopyTo(header);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
            BinaryPrimitives.WriteInt32LittleEndian(header[12..], values.WithMeta ? 1 : 0);
            BinaryPrimitives.WriteUInt128LittleEndian(header[16..], fingerprint);
            BinaryPrimitives.WriteInt32LittleEndian(header[32..], values.Position);
            BinaryPrimitives.WriteInt32LittleEndian(header[36..], values.Tokens);
            BinaryPrimitives.WriteInt32LittleEndian(header[40..], values.Logits);
            BinaryPrimitives.WriteInt32LittleEndian(header[44..], values.Attachment);
            Write(header);
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            _hash.Append(bytes);
            stream.Write(bytes);
        }

        public void Finish() => stream.Write(_hash.GetCurrentHash());
    }

    private readonly struct Reader(Stream stream, string path)
    {
        private readonly XxHash128 _hash = new();

        public Header Header(UInt128 fingerprint)
        {
            Span<byte> header = stackalloc byte[HeaderBytes];
            Read(header);
            if (!header.StartsWith(Magic))
                throw new SnapshotException($"{path} is not a snapshot.");
            int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
            if (version != Version)
                throw new SnapshotException($"{path} has snapshot version {version}; this library reads version {Version}.");
            int kind = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
            if (kind is not (0 or 1))
                throw new SnapshotException($"{path} is damaged: it says it is of kind {kind}; there are 0, a conversation, and 1, a model's meta state.");
            UInt128 model = BinaryPrimitives.ReadUInt128LittleEndian(header[16..]);
            if (model != fingerprint)
                throw new SnapshotException($"{path} belongs to another model: its fingerprint is {model:x32}, this model's is {fingerprint:x32}.");
            return new Header(
                BinaryPrimitives.ReadInt32LittleEndian(header[32..]),
                BinaryPrimitives.ReadInt32LittleEndian(header[36..]),
                BinaryPrimitives.ReadInt32LittleEndian(header[40..]),
                BinaryPrimitives.ReadInt32LittleEndian(header[44..]),
                WithMeta: kind == 1);
        }

        public void Read(Span<byte> bytes)
        {
            if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
                throw new SnapshotException($"{path} is damaged: it ends too early.");
            _hash.Append(bytes);
        }

        public void Finish()
        {
            Span<byte> stored = stackalloc byte[HashBytes];
            byte[] actual = _hash.GetCurrentHash();
            if (stream.ReadAtLeast(stored, HashBytes, throwOnEndOfStream: false) < HashBytes || !stored.SequenceEqual(actual))
                throw new SnapshotException($"{path} is damaged: its contents don't match their hash.");
        }
    }
}
