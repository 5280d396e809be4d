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
        var proto = new ProtobufReader(model, file, "model");
        while (proto.Next())
        {
            switch (proto.Field)
            {
                case 1: pieces.Add(ReadPiece(proto.Bytes(), file, pieces.Count)); break;
                case 2: trainer.Read(proto.Bytes(), file); break;
                case 3: normalizer.Read(proto.Bytes(), file, "normalizer_spec"); break;
                case 5: RefuseCharacterMap(proto.Bytes(), file); break;
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
            UnknownToken = UnknownPiece(pieces, file),
            ByteIds = FindBytePieces(pieces, trainer.ByteFallback, file),
            AddedTokens = [.. pieces.Index()
                .Where(piece => piece.Item.Type is PieceType.Control or PieceType.Unknown)
                .Select(piece => new AddedToken(piece.Item.Text, piece.Index, IsSpecial: true))],
            AddsPrefix = normalizer.AddDummyPrefix,
            StripsPrefix = normalizer.AddDummyPrefix,
            BosToken = ControlPiece(pieces, trainer.BosId, file, "bos_id"),
            EosToken = ControlPiece(pieces, trainer.EosId, file, "eos_id"),
            PadToken = ControlPiece(pieces, trainer.PadId, file, "pad_id"),
            AddsBos = true,
        };
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> message, string file, int id)
    {
        var proto = new ProtobufReader(message, file, "piece", id);
        string text = "";
        float score = 0;
        var type = PieceType.Normal;
        while (proto.Next())
        {
            switch (proto.Field)
            {
                case 1 when !Utf8Text.TryDecode(proto.Bytes(), out text): throw new TokenizerException($"{file}: piece {id} is not valid UTF-8.");
                case 1: break;
                case 2: score = proto.Single(); break;
                case 3: type = (PieceType)proto.Int32(); break;
                default: proto.Skip(); break;
            }
        }

        if (text.Length is 0 or > MaxPieceLength)
            throw new TokenizerException($"{file}: piece {id} has {text.Length} characters; allowed: 1 to {MaxPieceLength}.");
        if (!float.IsFinite(score))
            throw new TokenizerException($"{file}: piece {id}, {text}, has the score {score}; allowed: finite numbers.");
        if (type is not (PieceType.Normal or PieceType.Unknown or PieceType.Control or PieceType.Byte))
            throw new TokenizerException($"{file}: piece {id}, {text}, has type {(int)type}; supported: 1 (normal), 2 (unknown), 3 (control), 6 (byte).");
        return new Piece(text, score, type);
    }

    private static Dictionary<string, int> NumberPieces(List<Piece> pieces, string file)
    {
        var ids = new Dictionary<string, int>(pieces.Count);
        for (int id = 0; id < pieces.Count; id++)
        {
            string text = pieces[id].Text;
            if (!ids.TryAdd(text, id))
                throw new TokenizerException($"{file}: pieces {ids[text]} and {id} are both {text}; a piece may occur once.");
        }
        return ids;
    }

    private static int[]? FindBytePieces(List<Piece> pieces, bool byteFallback, string file)
    {
        Dictionary<string, int> ids = pieces.Index().Where(piece => piece.Item.Type == PieceType.Byte).ToDictionary(piece => piece.Item.Text, piece => piece.Index);
        if (ids.Count > (byteFallback ? 256 : 0))
            throw new TokenizerException($"{file} has {ids.Count} pieces of type 6 (byte); allowed: {(byteFallback ? "the 256 from <0x00> to <0xFF>" : "none, as byte_fallback is false")}.");
        return byteFallback ? TokenizerDefinition.FindBytePieces(ids, file) : null;
    }

    // Any two neighbours join that together spell a normal piece; the piece of the higher score first.
    private static MergeTable FindMerges(List<Piece> pieces, Dictionary<string, int> ids)
    {
        var characters = new Dictionary<int, int>();
        float[] scores = new float[pieces.Count];
        for (int id = 0; id < pieces.Count; id++)
        {
            scores[id] = pieces[id].Score;
            if (pieces[id].Type == PieceType.Normal && MergeTable.IsCharacter(pieces[id].Text, out Rune character))
                characters.Add(character.Value, id);
        }
        Array.Sort(scores);

        var merges = new MergeTable(characters, pieces.Count);
        var lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<int> symbols = stackalloc int[MaxPieceLength];
        for (int merged = 0; merged < pieces.Count; merged++)
        {
            if (pieces[merged].Type != PieceType.Normal)
                continue;
            // Equal scores find the same place, and so share a rank.
            int rank = scores.Length - Array.BinarySearch(scores, pieces[merged].Score);
            ReadOnlySpan<char> text = pieces[merged].Text;
            int count = 0;
            foreach (Rune character in text.EnumerateRunes())
                symbols[count++] = merges.Symbol(character);

            int split = 0;
            for (int i = 1; i < count; i++)
            {
                split += char.IsHighSurrogate(text[split]) ? 2 : 1;
                int? left = i == 1 ? symbols[0] : NormalPiece(text[..split]);
                int? right = left is null ? null : i == count - 1 ? symbols[i] : NormalPiece(text[split..]);
                if (right is not null)
                    merges.TryAdd(left!.Value, right.Value, rank, merged, symbols[i - 1], symbols[i]);
            }
        }
        return merges;

        int? NormalPiece(ReadOnlySpan<char> text) =>
            lookup.TryGetValue(text, out int id) && pieces[id].Type == PieceType.Normal ? id : null;
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

    private static void RefuseCharacterMap(ReadOnlySpan<byte> message, string file)
    {
        var normalizer = new NormalizerSpec();
        normalizer.Read(message, file, "denormalizer_spec");
        normalizer.CheckCharacterMap(file, "denormalizer_spec");
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

        public void Read(ReadOnlySpan<byte> message, string file)
        {
            var proto = new ProtobufReader(message, file, "trainer_spec");
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

        public void Read(ReadOnlySpan<byte> message, string file, string name)
        {
            var proto = new ProtobufReader(message, file, name);
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
            CheckCharacterMap(file, "normalizer_spec");
            if (_removesExtraWhitespaces)
                throw new TokenizerException($"{file}: normalizer_spec remove_extra_whitespaces is true; supported: false.");
            if (!_escapesWhitespaces)
                throw new TokenizerException($"{file}: normalizer_spec escape_whitespaces is false; supported: true.");
        }

        public readonly void CheckCharacterMap(string file, string name)
        {
            if (_characterMapBytes > 0)
                throw new TokenizerException($"{file}: {name} precompiled_charsmap has {_characterMapBytes} bytes; supported: none (the identity).");
        }
    }
}
