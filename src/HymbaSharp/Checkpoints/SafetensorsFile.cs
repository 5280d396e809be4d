using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;

namespace HymbaSharp.Checkpoints;

/// <summary>
/// A safetensors file, mapped read-only: an 8-byte little-endian header length, a JSON header, and the tensors' bytes. Only the header
/// is read on opening; processes that open the same file share its pages. Everything the header claims is checked before use.
/// The file must not be shortened while it is open: the operating system ends a process that touches a page beyond the end.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    /// <summary>The longest header the format allows, in bytes.</summary>
    public const int LongestHeader = 100_000_000;

    private const int LengthPrefix = 8;

    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Dictionary<string, Tensor> _byName;
    private readonly int _headerLength;
    private byte* _data;

    private SafetensorsFile(string path, long length, MemoryMappedFile map, MemoryMappedViewAccessor view)
    {
        Path = path;
        Length = length;
        _map = map;
        _view = view;
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _data = pointer + view.PointerOffset;
        try
        {
            _headerLength = ReadHeaderLength();
            long dataStart = LengthPrefix + _headerLength;
            var header = SafetensorsHeader.Parse(Header, length - dataStart, path);
            Metadata = header.Metadata;
            Tensors = [.. header.Tensors.Select(entry => new Tensor(this, entry.Info, dataStart + entry.Start))];
            _byName = Tensors.ToDictionary(tensor => tensor.Name);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The path the file was opened by.</summary>
    public string Path { get; }

    /// <summary>The file's length in bytes, header included.</summary>
    public long Length { get; }

    /// <summary>The whole file, header included; <see cref="Length"/> bytes, read-only.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public byte* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_data == null, this);
            return _data;
        }
    }

    /// <summary>The JSON header as it is in the file, padding included.</summary>
    public ReadOnlySpan<byte> Header => new(Data + LengthPrefix, _headerLength);

    /// <summary>The tensors in the order of their data.</summary>
    public ImmutableArray<Tensor> Tensors { get; }

    /// <summary>The header's <c>__metadata__</c>; empty where there is none.</summary>
    public ImmutableDictionary<string, string> Metadata { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or is not well-formed.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            long length = stream.Length;
            if (length < LengthPrefix)
                throw new CheckpointException($"{path}: {length} bytes; a safetensors file begins with the 8-byte length of its header.");
            var map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            return new SafetensorsFile(path, length, map, map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CheckpointException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Looks a tensor up by name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out Tensor? tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>Unmaps the file. Pointers into it must no longer be used.</summary>
    public void Dispose()
    {
        if (_data == null)
            return;
        _data = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private int ReadHeaderLength()
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(_data, LengthPrefix));
        if (length is < 2 or > LongestHeader)
            throw new CheckpointException($"{Path}: a header of {length} bytes; 2 to {LongestHeader} are allowed. Is this a safetensors file?");
        return (long)length <= Length - LengthPrefix
            ? (int)length
            : throw new CheckpointException($"{Path}: truncated: the header has {length} bytes and {Length - LengthPrefix} are there.");
    }
}
