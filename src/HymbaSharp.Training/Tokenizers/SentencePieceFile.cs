using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>
/// Writes tokenizer.model: a ModelProto (google/sentencepiece, src/sentencepiece_model.proto, whose field numbers these are) in protobuf's wire
/// format (protobuf.dev/programming-guides/encoding). Learned pieces and characters have the scores 0, −1, −2 … in this order, so that the
/// encoder joins first what was learned first.
/// </summary>
internal static class SentencePieceFile
{
    private const int Normal = 1, Unknown = 2, Control = 3, Byte = 6;

    private const int Bpe = 2;

    public static byte[] Write(TrainedTokenizer tokenizer)
    {
        var model = new ArrayBufferWriter<byte>();
        for (int id = 0; id < tokenizer.MergedPieces.Count; id++)
        {
            var piece = new ArrayBufferWriter<byte>();
            Bytes(piece, 1, Encoding.UTF8.GetBytes(tokenizer.MergedPieces[id]));
            Single(piece, 2, id < TokenIds.FirstLearned ? 0 : TokenIds.FirstLearned - id);
            Int32(piece, 3, id switch
            {
                TokenIds.UnknownId => Unknown,
                < TokenIds.FirstByte => Control,
                < TokenIds.FirstLearned => Byte,
                _ => Normal,
            });
            Bytes(model, 1, piece.WrittenSpan);
        }
        Bytes(model, 2, TrainerSpec(tokenizer));
        Bytes(model, 3, NormalizerSpec());
        return model.WrittenSpan.ToArray();
    }

    private static ReadOnlySpan<byte> TrainerSpec(TrainedTokenizer tokenizer)
    {
        var spec = new ArrayBufferWriter<byte>();
        Int32(spec, 3, Bpe); // model_type
        Int32(spec, 4, tokenizer.MergedPieces.Count); // vocab_size
        Int32(spec, 35, 1); // byte_fallback
        Int32(spec, 40, TokenIds.UnknownId); // unk_id
        Int32(spec, 41, TokenIds.BosId); // bos_id
        Int32(spec, 42, TokenIds.EosId); // eos_id
        Int32(spec, 43, -1); // pad_id
        return spec.WrittenSpan;
    }

    private static ReadOnlySpan<byte> NormalizerSpec()
    {
        var spec = new ArrayBufferWriter<byte>();
        Bytes(spec, 1, "identity"u8); // name
        Int32(spec, 3, 1); // add_dummy_prefix
        Int32(spec, 4, 0); // remove_extra_whitespaces
        Int32(spec, 5, 1); // escape_whitespaces
        return spec.WrittenSpan;
    }

    private static void Int32(ArrayBufferWriter<byte> message, int field, int value)
    {
        Varint(message, (ulong)field << 3);
        Varint(message, (ulong)(long)value);
    }

    private static void Single(ArrayBufferWriter<byte> message, int field, float value)
    {
        Varint(message, (ulong)field << 3 | 5);
        BinaryPrimitives.WriteSingleLittleEndian(message.GetSpan(sizeof(float)), value);
        message.Advance(sizeof(float));
    }

    private static void Bytes(ArrayBufferWriter<byte> message, int field, ReadOnlySpan<byte> content)
    {
        Varint(message, (ulong)field << 3 | 2);
        Varint(message, (ulong)content.Length);
        message.Write(content);
    }

    private static void Varint(ArrayBufferWriter<byte> message, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            message.Write([(byte)(value | 0x80)]);
        message.Write([(byte)value]);
    }
}
