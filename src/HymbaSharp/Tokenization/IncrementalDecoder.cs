namespace HymbaSharp.Tokenization;

/// <summary>
/// Decodes a stream of tokens as they are generated. A character whose bytes are spread over several tokens is held back until it
/// is complete, so no piece of output holds a broken character or half a surrogate pair. All that <see cref="Append"/>
/// and <see cref="Flush"/> return, put together, is what <see cref="Tokenizer.Decode"/> makes of the same tokens and options.
/// </summary>
/// <remarks>Belongs to one stream; not safe for several threads at once.</remarks>
public sealed class IncrementalDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecial;
    private readonly bool _stripsFirst;
    private bool _stripsNext;
    private byte[] _bytes = new byte[64];
    private char[] _chars = new char[64];
    private int _held;

    /// <summary>Creates a decoder for a new stream.</summary>
    /// <param name="tokenizer">The tokenizer whose ids will be appended.</param>
    /// <param name="skipSpecial">Whether special tokens give no text.</param>
    /// <param name="continuesText">
    /// False (the default) where the tokens are a text of their own, as a chat reply is: one leading space, which stands for the
    /// start of a text, is dropped. True where the tokens go on with a text shown before them, as the continuation of a plain
    /// prompt does: its leading space separates the two and is kept.
    /// </param>
    public IncrementalDecoder(Tokenizer tokenizer, bool skipSpecial = false, bool continuesText = false)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _skipSpecial = skipSpecial;
        _stripsFirst = tokenizer.StripsPrefix && !continuesText;
        _stripsNext = _stripsFirst;
    }

    /// <summary>Takes the next token.</summary>
    /// <returns>The text that is complete with it; empty where none is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of the vocabulary.</exception>
    public string Append(int id)
    {
        ReadOnlySpan<byte> token = _tokenizer.Bytes(id);
        if (_skipSpecial && _tokenizer.IsSpecial(id))
            return "";
        if (_stripsNext && token[0] == ' ')
            token = token[1..];
        _stripsNext = false;

        int length = _held + token.Length;
        if (length > _bytes.Length)
        {
            Array.Resize(ref _bytes, 2 * length);
            _chars = new char[_bytes.Length];
        }
        token.CopyTo(_bytes.AsSpan(_held));
        return Decode(length, isEnd: false);
    }

    /// <summary>Ends the text; the decoder is then ready for a new one.</summary>
    /// <returns>U+FFFD for each byte of a character that was left incomplete; else empty.</returns>
    public string Flush()
    {
        _stripsNext = _stripsFirst;
        return Decode(_held, isEnd: true);
    }

    private string Decode(int length, bool isEnd)
    {
        int written = Utf8Text.Decode(_bytes.AsSpan(0, length), _chars, isEnd, out int consumed);
        _held = length - consumed;
        _bytes.AsSpan(consumed, _held).CopyTo(_bytes);
        return new string(_chars, 0, written);
    }
}
