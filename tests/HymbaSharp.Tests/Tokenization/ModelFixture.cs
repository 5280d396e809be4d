using System.Buffers.Binary;
using System.Text;

namespace HymbaSharp.Tests.Tokenization;

/// <summary>A tiny SentencePiece model. Its vocabulary is small enough to think about, and has what is easily done wrong.</summary>
internal sealed class ModelFixture
{
    public const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    /// <summary>Pieces of several characters, best first; some share a score, one crosses a space, one holds characters that have no piece.</summary>
    public static readonly (string Text, float Score)[] Joined =
    [
        ("▁h", -1), ("ll", -2), ("ell", -3), ("▁hell", -4), ("▁hello", -5), ("lo", -6), ("▁▁", -7), ("▁▁▁▁", -8), ("ab", -9), ("ba", -9),
        ("aa", -9), ("aba", -10), ("abab", -11), ("xx", -12), ("xxxx", -13), ("▁a", -13.5f), ("b▁a", -14), ("▁w", -15), ("é界", -16), ("qz", -17), ("qzx", -18), ("zx", -18), ("he", -19), ("🙂🙂", -20),
    ];

    public static readonly string[] Characters = ["▁", "h", "e", "l", "o", "a", "b", "x", "w", "é", "界", "🙂"];

    public List<(string Text, float Score, int Type)> Pieces { get; } =
    [
        ("<unk>", 0, Unknown), ("<s>", 0, Control), ("</s>", 0, Control),
        .. Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", 0f, Byte)),
        .. Joined.Select(piece => (piece.Text, piece.Score, Normal)),
        .. Characters.Select(character => (character, -100f, Normal)),
    ];

    public int ModelType { get; init; } = 2;
    public bool ByteFallback { get; init; } = true;
    public bool WhitespaceAsSuffix { get; init; }
    public int BosId { get; init; } = 1;
    public byte[] CharacterMap { get; init; } = [];
    public byte[] DenormalizerMap { get; init; } = [];
    public bool AddDummyPrefix { get; init; } = true;
    public bool RemoveExtraWhitespaces { get; init; }
    public bool EscapeWhitespaces { get; init; } = true;

    public int Id(string piece) => Pieces.FindIndex(candidate => candidate.Text == piece);

    /// <summary>The same vocabulary without byte pieces: what has no piece is unknown.</summary>
    public static ModelFixture WithoutBytes()
    {
        var model = new ModelFixture { ByteFallback = false };
        model.Pieces.RemoveAll(piece => piece.Type == Byte);
        return model;
    }

    public byte[] Write() =>
    [
        .. Pieces.SelectMany(piece => Message(1, [.. Message(1, Encoding.UTF8.GetBytes(piece.Text)), .. Single(2, piece.Score), .. Varint(3, piece.Type)])),
        .. Message(2, [.. Varint(3, ModelType), .. Varint(24, WhitespaceAsSuffix ? 1 : 0), .. Varint(35, ByteFallback ? 1 : 0), .. Varint(41, BosId), .. Varint(43, -1)]),
        .. Message(3, [.. Message(1, "identity"u8), .. Message(2, CharacterMap), .. Varint(3, AddDummyPrefix ? 1 : 0), .. Varint(4, RemoveExtraWhitespaces ? 1 : 0), .. Varint(5, EscapeWhitespaces ? 1 : 0)]),
        .. Message(5, Message(2, DenormalizerMap)),
    ];

    public static byte[] Varint(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    public static byte[] Message(int field, ReadOnlySpan<byte> content) => [.. Varint((ulong)field << 3 | 2), .. Varint((ulong)content.Length), .. content];

    public static byte[] Single(int field, float value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return [.. Varint((ulong)field << 3 | 5), .. bytes];
    }

    private static List<byte> Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return bytes;
    }
}
