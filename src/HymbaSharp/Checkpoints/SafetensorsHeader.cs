using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;

namespace HymbaSharp.Checkpoints;

/// <summary>
/// The JSON header of a safetensors file, checked: <c>{"name": {"dtype", "shape", "data_offsets": [begin, end]}, …}</c> beside an
/// optional <c>"__metadata__"</c> of strings. The tensors cover the data from its first byte to its last, without gap or overlap.
/// </summary>
internal sealed class SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";

    private readonly string _path;
    private readonly HashSet<string> _names = [];
    private readonly List<Entry> _entries = [];
    private ImmutableDictionary<string, string>? _metadata;

    private SafetensorsHeader(string path) => _path = path;

    /// <summary>A tensor and where its bytes lie, counted from the end of the header.</summary>
    public readonly record struct Entry(TensorInfo Info, long Start, long End);

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<Entry> Tensors => _entries;

    public ImmutableDictionary<string, string> Metadata => _metadata ?? ImmutableDictionary<string, string>.Empty;

    /// <summary>Parses a header in front of <paramref name="dataLength"/> bytes of data.</summary>
    /// <exception cref="CheckpointException">The header is not well-formed or does not fit the data.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> utf8Json, long dataLength, string path)
    {
        if (utf8Json[0] != '{' || !Utf8.IsValid(utf8Json))
            throw new CheckpointException($"{path}: the header is not UTF-8 text that begins with '{{'. Is this a safetensors file?");
        var header = new SafetensorsHeader(path);
        try
        {
            header.Read(utf8Json);
        }
        // A name escaped into half a surrogate pair is valid JSON and no string: the reader calls that an invalid operation.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: the header is not valid JSON: {error.Message}", error);
        }
        header.CheckLayout(dataLength);
        return header;
    }

    private void Read(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        _ = reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = reader.GetString()!;
            _ = reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Malformed(name, "is not an object");
            if (name == MetadataKey)
            {
                ReadMetadata(ref reader);
                continue;
            }
            if (!_names.Add(name))
                throw Malformed(name, "appears twice");
            _entries.Add(ReadEntry(ref reader, name));
        }
        // Reads on to the end, so that anything but white space after the object is an error.
        _ = reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (_metadata is not null)
            throw Malformed(MetadataKey, "appears twice");
        var metadata = ImmutableDictionary.CreateBuilder<string, string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            _ = reader.Read();
            if (reader.TokenType != JsonTokenType.String || !metadata.TryAdd(key, reader.GetString()!))
                throw Malformed(MetadataKey, $"holds \"{key}\" twice, or as something other than a string");
        }
        _metadata = metadata.ToImmutable();
    }

    private Entry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        ElementType? type = null;
        ImmutableArray<long>? shape = null;
        ImmutableArray<long>? offsets = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            _ = reader.Read();
            switch (key)
            {
                case "dtype" when type is null:
                    string? dtype = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                    type = ElementTypes.Parse(dtype) ?? throw Malformed(name, $"has the dtype {dtype}; readable are {ElementTypes.Names}");
                    break;
                case "shape" when shape is null:
                    shape = ReadIntegers(ref reader, name, key);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadIntegers(ref reader, name, key);
                    break;
                default:
                    throw Malformed(name, $"has \"{key}\"; dtype, shape and data_offsets are expected, each once");
            }
        }
        if (type is null || shape is null || offsets is not { Length: 2 } range)
            throw Malformed(name, "needs a dtype, a shape and two data_offsets");
        return new Entry(Describe(name, type.Value, shape.Value), range[0], range[1]);
    }

    private TensorInfo Describe(string name, ElementType type, ImmutableArray<long> shape)
    {
        try
        {
            return new TensorInfo(name, type, shape);
        }
        catch (OverflowException error)
        {
            throw new CheckpointException($"{_path}: {name}: the shape {TensorInfo.Describe(shape.AsSpan())} has more bytes than can be counted.", error);
        }
    }

    private ImmutableArray<long> ReadIntegers(ref Utf8JsonReader reader, string name, string key)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Malformed(name, $"has a {key} that is no list");
        var values = ImmutableArray.CreateBuilder<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || value < 0)
                throw Malformed(name, $"has a {key} with something other than integers from 0 to {long.MaxValue}");
            values.Add(value);
        }
        return values.ToImmutable();
    }

    private void CheckLayout(long dataLength)
    {
        _entries.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        long covered = 0;
        foreach (var (info, start, end) in _entries)
        {
            if (end < start || end - start != info.ByteLength)
                throw Malformed(info.Name, $"has the data_offsets [{start}, {end}]; {info.Type.Name()} {TensorInfo.Describe(info.Shape.AsSpan())} takes {info.ByteLength} bytes");
            if (start != covered)
                throw Malformed(info.Name, $"begins at {start} where the data before it ends at {covered}; gaps and overlaps are not allowed");
            if (end > dataLength)
                throw Malformed(info.Name, $"ends at {end} and the file holds {dataLength} bytes of data: it is truncated");
            covered = end;
        }
        if (covered != dataLength)
            throw new CheckpointException($"{_path}: {dataLength - covered} bytes after the last tensor's data.");
    }

    private CheckpointException Malformed(string name, string what) => new($"{_path}: {name} {what}.");
}
