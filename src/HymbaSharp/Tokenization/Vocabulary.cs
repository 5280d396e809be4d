using System.Text;

namespace HymbaSharp.Tokenization;

/// <summary>Every token by its id: the piece it is written as, and the bytes it stands for in text.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly string[] _pieces;
    private readonly byte[] _bytes;
    private readonly int[] _offsets;

    /// <param name="definition">Holds the pieces.</param>
    /// <param name="addedTokens">Tokens that may be among the pieces or follow them.</param>
    public Vocabulary(TokenizerDefinition definition, IEnumerable<AddedToken> addedTokens)
    {
        _ids = definition.Ids;
        foreach (AddedToken token in addedTokens)
        {
            if (token.Content == "")
                throw new TokenizerException($"{definition.File}: the added token {token.Id} is empty; tokens have one character or more.");
            if (!_ids.TryAdd(token.Content, token.Id) && _ids[token.Content] != token.Id)
                throw new TokenizerException($"{definition.File}: {token.Content} has the ids {_ids[token.Content]} and {token.Id}; a token has one id.");
        }

        _pieces = new string[_ids.Count];
        foreach ((string piece, int id) in _ids)
        {
            if (id >= _pieces.Length)
                throw new TokenizerException($"{definition.File}: {piece} has the id {id}; the {_pieces.Length} tokens must have the ids 0 to {_pieces.Length - 1}.");
            if (_pieces[id] is { } other)
                throw new TokenizerException($"{definition.File}: {other} and {piece} both have the id {id}; a token has an id of its own.");
            _pieces[id] = piece;
        }
        (_bytes, _offsets) = LayOutBytes(definition.ByteIds);
    }

    public int Count => _pieces.Length;

    public string Piece(int id) => _pieces[Checked(id)];

    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_offsets[Checked(id)].._offsets[id + 1]);

    public bool TryFind(string piece, out int id) => _ids.TryGetValue(piece, out id);

    /// <summary>The id, if it is one.</summary>
    public int Checked(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _pieces.Length);
        return id;
    }

    private (byte[] Bytes, int[] Offsets) LayOutBytes(int[]? byteIds)
    {
        byte[] bytes = new byte[_pieces.Sum(piece => Encoding.UTF8.GetByteCount(piece))];
        int[] offsets = new int[_pieces.Length + 1];
        int[] values = new int[_pieces.Length];
        for (int value = 0; value < byteIds?.Length; value++)
            values[byteIds[value]] = value + 1;

        int end = 0;
        for (int id = 0; id < _pieces.Length; id++)
        {
            if (values[id] > 0)
                bytes[end++] = (byte)(values[id] - 1);
            else
                end += Encoding.UTF8.GetBytes(_pieces[id].Replace(TokenizerDefinition.SpaceMark, ' '), bytes.AsSpan(end));
            offsets[id + 1] = end;
        }
        return (bytes[..end], offsets);
    }
}
