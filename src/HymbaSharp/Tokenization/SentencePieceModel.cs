using System.Text;

namespace HymbaSharp.Tokenization;

/// <summary>Reads tokenizer.model, a ModelProto (google/sentencepiece, src/sentencepiece_model.proto, whose field numbers and defaults these are).</summary>
internal static class SentencePieceModel
{
    // A piece can be split wherever two characters meet, so long ones cost their length squared; published models stop at 16.
    private const int MaxPieceLength = 256;

    public static TokenizerDefinition Read(ReadOnlySpan<byte> model, string file)
    {
        var pieces = new List<Piece>();
        var trainer = new TrainerSpec();
        var normalizer = new NormalizerSpec();
        var proto = new ProtobufReader(model, file);
        while (proto.Next())
        {
            switch (proto.Field)
            {
                case 1: pieces.Add(ReadPiece(proto.Bytes(), $"{file}: piece {pieces.Count}")); break;
                case 2: trainer.Read(proto.Bytes(), $"{file}: trainer_spec"); break;
                case 3: normalizer.Read(proto.Bytes(), $"{file}: normalizer_spec"); break;
                case 5: RefuseCharacterMap(proto.Bytes(), $"{file}: denormalizer_spec"); break;
                default: proto.Skip(); break;
            }
        }
        trainer.Check(file);
        normalizer.Check(file);

        Dictionary<string, int> ids = NumberPieces(pieces, file);
        return new TokenizerDefinition
        {
            File = file,
            Ids = ids,
            Merges = FindMerges(pieces, ids),
            ByteIds = trainer.ByteFallback ? TokenizerDefinition.FindBytePieces(ids, file) : null,
            AddedTokens = [.. pieces.Index()
                .Where(piece => piece.Item.Type is PieceType.Control or PieceType.Unknown)
                .Select(piece => new AddedToken(piece.Item.Text, piece.Index, IsSpecial: true))],
            AddsPrefix = normalizer.AddDummyPrefix,
            StripsPrefix = normalizer.AddDummyPrefix,
            BosToken = ControlPiece(pieces, trainer.BosId, file, "bos_id"),
            EosToken = ControlPiece(pieces, trainer.EosId, file, "eos_id"),
            PadToken = ControlPiece(pieces, trainer.PadId, file, "pad_id"),
            UnknownToken = UnknownPiece(pieces, file),
            AddsBos = true,
        };
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> message, string where)
    {
        var proto = new ProtobufReader(message, where);
        string text = "";
        float score = 0;
        var type = PieceType.Normal;
        while (proto.Next())
        {
            switch (proto.Field)
            {
                case 1: text = Utf8Text.DecodeStrictly(proto.Bytes(), where); break;
                case 2: score = proto.Single(); break;
                case 3: type = (PieceType)proto.Int32(); break;
                default: proto.Skip(); break;
            }
        }

        if (text.Length is 0 or > MaxPieceLength)
            throw new TokenizerException($"{where} has {text.Length} characters; allowed: 1 to {MaxPieceLength}.");
        if (!float.IsFinite(score))
            throw new TokenizerException($"{where}, {text}, has the score {score}; allowed: finite numbers.");
        if (type is not (PieceType.Normal or PieceType.Unknown or PieceType.Control or PieceType.Byte))
            throw new TokenizerException($"{where}, {text}, has type {(int)type}; supported: 1 (normal), 2 (unknown), 3 (control), 6 (byte).");
        return new Piece(text, score, type);
    }

    private static Dictionary<string, int> NumberPieces(List<Piece> pieces, string file)
    {
        var ids = new Dictionary<string, int>(pieces.Count);
        foreach ((int id, Piece piece) in pieces.Index())
        {
            if (!ids.TryAdd(piece.Text, id))
                throw new TokenizerException($"{file}: pieces {ids[piece.Text]} and {id} are both {piece.Text}; a piece may occur once.");
        }
        return ids;
    }

    // Any two neighbours join that together spell a normal piece; the piece of the higher score first.
    private static MergeTable FindMerges(List<Piece> pieces, Dictionary<string, int> ids)
    {
        int[] normal = [.. Enumerable.Range(0, pieces.Count).Where(id => pieces[id].Type == PieceType.Normal)];
        var characters = new Dictionary<int, int>();
        foreach (int id in normal)
        {
            if (Rune.TryGetRuneAt(pieces[id].Text, 0, out Rune character) && character.Utf16SequenceLength == pieces[id].Text.Length)
                characters.Add(character.Value, id);
        }

        var merges = new MergeTable(characters);
        var lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Array.Sort(Array.ConvertAll(normal, id => -pieces[id].Score), normal);
        int rank = 0;
        float score = float.NaN;
        foreach (int merged in normal)
        {
            if (pieces[merged].Score != score)
                (rank, score) = (rank + 1, pieces[merged].Score);
            ReadOnlySpan<char> text = pieces[merged].Text;
            for (int split = 1; split < text.Length; split++)
            {
                if (!char.IsLowSurrogate(text[split])
                    && Symbol(text[..split]) is { } left
                    && Symbol(text[split..]) is { } right)
                {
                    merges.TryAdd(left, right, rank, merged, text[..split], text[split..]);
                }
            }
        }
        return merges;

        int? Symbol(ReadOnlySpan<char> part)
        {
            if (Rune.DecodeFromUtf16(part, out Rune character, out int length) == default && length == part.Length)
                return merges.Symbol(character);
            return lookup.TryGetValue(part, out int id) && pieces[id].Type == PieceType.Normal ? id : null;
        }
    }

    private static string? ControlPiece(List<Piece> pieces, int id, string file, string key)
    {
        if (id < 0)
            return null;
        if (id >= pieces.Count || pieces[id].Type != PieceType.Control)
            throw new TokenizerException($"{file}: trainer_spec {key} is {id}; allowed: the id of a control piece, or -1 for none.");
        return pieces[id].Text;
    }

    private static string UnknownPiece(List<Piece> pieces, string file)
    {
        Piece[] unknown = [.. pieces.Where(piece => piece.Type == PieceType.Unknown)];
        return unknown.Length == 1
            ? unknown[0].Text
            : throw new TokenizerException($"{file} has {unknown.Length} pieces of type 2 (unknown); allowed: exactly one.");
    }

    private static void RefuseCharacterMap(ReadOnlySpan<byte> message, string where)
    {
        var normalizer = new NormalizerSpec();
        normalizer.Read(message, where);
        normalizer.CheckCharacterMap(where);
    }

    private enum PieceType
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        Byte = 6,
    }

    private readonly record struct Piece(string Text, float Score, PieceType Type);

    private struct TrainerSpec()
    {
        private const int Bpe = 2;

        private int _modelType = 1;
        private bool _whitespaceAsSuffix;

        public bool ByteFallback { get; private set; }
        public int BosId { get; private set; } = 1;
        public int EosId { get; private set; } = 2;
        public int PadId { get; private set; } = -1;

        public void Read(ReadOnlySpan<byte> message, string where)
        {
            var proto = new ProtobufReader(message, where);
            while (proto.Next())
            {
                switch (proto.Field)
                {
                    case 3: _modelType = proto.Int32(); break;
                    case 24: _whitespaceAsSuffix = proto.Boolean(); break;
                    case 35: ByteFallback = proto.Boolean(); break;
                    case 41: BosId = proto.Int32(); break;
                    case 42: EosId = proto.Int32(); break;
                    case 43: PadId = proto.Int32(); break;
                    default: proto.Skip(); break;
                }
            }
        }

        public readonly void Check(string file)
        {
            if (_modelType != Bpe)
                throw new TokenizerException($"{file}: trainer_spec model_type is {_modelType}; supported: {Bpe} (BPE).");
            if (_whitespaceAsSuffix)
                throw new TokenizerException($"{file}: trainer_spec treat_whitespace_as_suffix is true; supported: false.");
        }
    }

    private struct NormalizerSpec()
    {
        private int _characterMapBytes;
        private bool _removesExtraWhitespaces = true;
        private bool _escapesWhitespaces = true;

        public bool AddDummyPrefix { get; private set; } = true;

        public void Read(ReadOnlySpan<byte> message, string where)
        {
            var proto = new ProtobufReader(message, where);
            while (proto.Next())
            {
                switch (proto.Field)
                {
                    case 2: _characterMapBytes = proto.Bytes().Length; break;
                    case 3: AddDummyPrefix = proto.Boolean(); break;
                    case 4: _removesExtraWhitespaces = proto.Boolean(); break;
                    case 5: _escapesWhitespaces = proto.Boolean(); break;
                    default: proto.Skip(); break;
                }
            }
        }

        public readonly void Check(string file)
        {
            CheckCharacterMap($"{file}: normalizer_spec");
            if (_removesExtraWhitespaces)
                throw new TokenizerException($"{file}: normalizer_spec remove_extra_whitespaces is true; supported: false.");
            if (!_escapesWhitespaces)
                throw new TokenizerException($"{file}: normalizer_spec escape_whitespaces is false; supported: true.");
        }

        public readonly void CheckCharacterMap(string where)
        {
            if (_characterMapBytes > 0)
                throw new TokenizerException($"{where} precompiled_charsmap has {_characterMapBytes} bytes; supported: none (the identity).");
        }
    }
}
