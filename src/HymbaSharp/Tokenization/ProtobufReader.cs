using System.Buffers.Binary;

namespace HymbaSharp.Tokenization;

/// <summary>Reads the fields of one protobuf message (protobuf.dev/programming-guides/encoding).</summary>
internal ref struct ProtobufReader
{
    private const int VarintType = 0, Fixed64Type = 1, LengthType = 2, Fixed32Type = 5;

    private readonly string _file;
    private readonly string _name;
    private readonly int _index;
    private readonly int _length;
    private ReadOnlySpan<byte> _rest;
    private int _type;

    /// <param name="message">The message, without its length.</param>
    /// <param name="file">The file it is from, for errors.</param>
    /// <param name="name">What it is, for errors.</param>
    /// <param name="index">Which of several it is; -1 where there is one.</param>
    public ProtobufReader(ReadOnlySpan<byte> message, string file, string name, int index = -1)
    {
        (_file, _name, _index) = (file, name, index);
        _length = message.Length;
        _rest = message;
    }

    /// <summary>The number of the field whose value comes next.</summary>
    public int Field { get; private set; }

    /// <summary>Moves to the next field; its value must then be read or skipped.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        ulong tag = Varint();
        if (tag >> 3 is 0 or > int.MaxValue)
            throw Damaged($"field number {tag >> 3} is not allowed");
        Field = (int)(tag >> 3);
        _type = (int)(tag & 7);
        return true;
    }

    public int Int32()
    {
        Expect(VarintType, "a varint");
        return unchecked((int)Varint());
    }

    public bool Boolean()
    {
        Expect(VarintType, "a varint");
        return Varint() != 0;
    }

    public float Single()
    {
        Expect(Fixed32Type, "32 bits");
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    /// <summary>A string, bytes or nested message.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        Expect(LengthType, "length-delimited");
        return Take(Varint());
    }

    public void Skip() => _ = _type switch
    {
        VarintType => TakeVarint(),
        Fixed64Type => Take(8),
        LengthType => Take(Varint()),
        Fixed32Type => Take(4),
        _ => throw Damaged($"wire type {_type} is not supported"),
    };

    private ReadOnlySpan<byte> TakeVarint()
    {
        ReadOnlySpan<byte> before = _rest;
        Varint();
        return before[..^_rest.Length];
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << 7 * i;
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }
        throw Damaged("a varint has no end within 10 bytes");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
            throw Damaged($"a value of {length} bytes was announced, {_rest.Length} are left");
        ReadOnlySpan<byte> taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private readonly void Expect(int type, string name)
    {
        if (_type != type)
            throw Damaged($"wire type {_type}; it must be {name}");
    }

    private readonly TokenizerException Damaged(string what) =>
        new($"{_file}: {_name}{(_index < 0 ? "" : $" {_index}")} is damaged: field {Field}, {_length - _rest.Length} bytes in: {what}.");
}
