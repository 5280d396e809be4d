using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

namespace HymbaSharp.Checkpoints;

/// <summary>
/// Writes a safetensors file as a stream: the tensors are declared first, then their data follows in the same order, in pieces of any size.
/// The file appears under its name only in <see cref="Complete"/>, whole and flushed to disk; before that, or without it, nothing is left behind.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private const int Alignment = 64; // of a cache line; the format asks for 8
    private const int Piece = 1 << 16;

    private static readonly ImmutableDictionary<string, string> DefaultMetadata = ImmutableDictionary<string, string>.Empty.Add("format", "pt");

    private readonly string _path;
    private readonly string _temporaryPath;
    private readonly ImmutableArray<TensorInfo> _tensors;
    private readonly FileStream _stream;
    private int _index;
    private long _written;
    private bool _closed;

    /// <summary>Declares the file: its tensors in the order in which their data will come.</summary>
    /// <param name="path">The file to write, or to replace.</param>
    /// <param name="tensors">Names, types and shapes. Data lies without gaps, so declare wider types first where alignment matters.</param>
    /// <param name="metadata">The header's <c>__metadata__</c>; <c>{"format": "pt"}</c> where null.</param>
    /// <exception cref="CheckpointException">The file cannot be created, or the disk has no room for it.</exception>
    public SafetensorsWriter(string path, IEnumerable<TensorInfo> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _tensors = [.. tensors];
        _temporaryPath = $"{path}.{Guid.NewGuid():N}.tmp";
        byte[] header = Header(_tensors, metadata ?? DefaultMetadata);
        try
        {
            _stream = new FileStream(_temporaryPath, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                // A disk without room shows now rather than after the last tensor.
                PreallocationSize = checked(header.Length + _tensors.Sum(tensor => tensor.ByteLength)),
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(error);
        }
        try
        {
            WriteBytes(header);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Appends bytes, as they are stored, to the tensor whose turn it is.</summary>
    /// <exception cref="InvalidOperationException">It is another tensor's turn, or the bytes are more than it takes.</exception>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public void Write(string name, ReadOnlySpan<byte> stored)
    {
        _ = Claim(name, count: stored.Length, ofBytes: true);
        WriteBytes(stored);
    }

    /// <summary>Appends values to the F32, F16 or BF16 tensor whose turn it is, rounded to nearest, ties to even.</summary>
    /// <exception cref="InvalidOperationException">It is another tensor's turn, the tensor has another type, or the values are more than it takes.</exception>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public void Write(string name, ReadOnlySpan<float> values)
    {
        var type = Claim(name, count: values.Length, ofBytes: false);
        byte[] stored = new byte[Math.Min(values.Length, Piece) * type.Size()];
        while (!values.IsEmpty)
        {
            var piece = values[..Math.Min(values.Length, Piece)];
            ElementTypes.FromSingles(piece, type, stored);
            WriteBytes(stored.AsSpan(0, piece.Length * type.Size()));
            values = values[piece.Length..];
        }
    }

    /// <summary>Flushes the file to disk and gives it its name, in place of what had it.</summary>
    /// <exception cref="InvalidOperationException">Data is missing.</exception>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (Next(name: null) is { } lacking)
            throw new InvalidOperationException($"{lacking.Name} still lacks {lacking.ByteLength - _written} bytes.");
        try
        {
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
            File.Move(_temporaryPath, _path, overwrite: true);
            _closed = true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(error);
        }
    }

    /// <summary>Removes what was written, unless it is complete.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _stream.Dispose();
        File.Delete(_temporaryPath);
    }

    /// <summary>Takes the next bytes or values of a tensor; its type.</summary>
    private ElementType Claim(string name, long count, bool ofBytes)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var tensor = Next(name);
        if (tensor?.Name != name)
            throw new InvalidOperationException($"It is not the turn of {name}: {(tensor is null ? "all data is there" : $"{tensor.Name} is expected")}.");
        if (!ofBytes && !tensor.Type.IsWeight())
            throw new InvalidOperationException($"{name} is {tensor.Type.Name()}; values go to F32, F16 and BF16.");
        _written += ofBytes ? count : count * tensor.Type.Size();
        return _written <= tensor.ByteLength ? tensor.Type : throw new InvalidOperationException($"{name} takes {tensor.ByteLength} bytes and was given {_written}.");
    }

    /// <summary>The tensor whose turn it is: complete ones are passed, except an empty piece for the named one.</summary>
    private TensorInfo? Next(string? name)
    {
        while (_index < _tensors.Length && _written == _tensors[_index].ByteLength && _tensors[_index].Name != name)
        {
            _index++;
            _written = 0;
        }
        return _index < _tensors.Length ? _tensors[_index] : null;
    }

    private void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (IOException error)
        {
            throw CannotWrite(error);
        }
    }

    private CheckpointException CannotWrite(Exception error) => new($"{_path}: cannot be written: {error.Message}", error);

    private static byte[] Header(ImmutableArray<TensorInfo> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var header = new MemoryStream();
        header.Write(stackalloc byte[sizeof(long)]);
        using (var json = new Utf8JsonWriter(header))
            WriteHeader(json, tensors, metadata);
        while (header.Length % Alignment != 0)
            header.WriteByte((byte)' ');

        byte[] bytes = header.ToArray();
        int length = bytes.Length - sizeof(long);
        if (length > SafetensorsFile.LongestHeader)
            throw new ArgumentException($"The header of these tensors has {length} bytes; at most {SafetensorsFile.LongestHeader} are allowed.", nameof(tensors));
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        return bytes;
    }

    private static void WriteHeader(Utf8JsonWriter json, ImmutableArray<TensorInfo> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject();
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach (var (key, value) in metadata)
            json.WriteString(key, value);
        json.WriteEndObject();

        HashSet<string> names = [SafetensorsHeader.MetadataKey];
        long offset = 0;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"The name {tensor.Name} is taken.", nameof(tensors));
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Type.Name());
            WriteIntegers(json, "shape", tensor.Shape.AsSpan());
            WriteIntegers(json, "data_offsets", [offset, offset + tensor.ByteLength]);
            json.WriteEndObject();
            offset = checked(offset + tensor.ByteLength);
        }
        json.WriteEndObject();
    }

    private static void WriteIntegers(Utf8JsonWriter json, string key, ReadOnlySpan<long> values)
    {
        json.WriteStartArray(key);
        foreach (long value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
