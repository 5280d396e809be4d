using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace HymbaSharp.Training.Logging;

/// <summary>Writes a message in the protocol-buffers wire format, field by field. A field is its number and wire type, then its value.</summary>
internal sealed class ProtobufWriter
{
    private const int VariableLength = 0, EightBytes = 1, LengthDelimited = 2, FourBytes = 5;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    /// <summary>An integer or enumeration field, 0 or more.</summary>
    public void Integer(int field, long value)
    {
        Key(field, VariableLength);
        Variable((ulong)value);
    }

    public void Double(int field, double value)
    {
        Key(field, EightBytes);
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.GetSpan(sizeof(double)), value);
        _bytes.Advance(sizeof(double));
    }

    public void Single(int field, float value)
    {
        Key(field, FourBytes);
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.GetSpan(sizeof(float)), value);
        _bytes.Advance(sizeof(float));
    }

    public void String(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A message within the message.</summary>
    public void Message(int field, Action<ProtobufWriter> fill)
    {
        ProtobufWriter message = new();
        fill(message);
        Bytes(field, message.Written);
    }

    private void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Key(field, LengthDelimited);
        Variable((ulong)value.Length);
        _bytes.Write(value);
    }

    private void Key(int field, int wireType) => Variable(((ulong)field << 3) | (uint)wireType);

    // Seven bits a byte, the lowest first; the eighth says that more follow.
    private void Variable(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.Write([(byte)(value | 0x80)]);
        _bytes.Write([(byte)value]);
    }
}
