using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace HymbaSharp.Tokenization;

/// <summary>UTF-8 as tokens carry it: pieces of text that may be cut inside a character.</summary>
internal static class Utf8Text
{
    /// <summary>
    /// Decodes until the end, or, unless this is the end of the text, until a character that is not complete yet.
    /// Every byte that belongs to no well-formed character becomes one U+FFFD: SentencePiece's rule. (.NET replaces a
    /// truncated character by one U+FFFD however many bytes it has.)
    /// </summary>
    /// <param name="bytes">The text's next bytes.</param>
    /// <param name="destination">At least as many chars as there are bytes.</param>
    /// <param name="isEnd">Whether the text ends with these bytes.</param>
    /// <param name="consumed">The bytes decoded; at most 3 are left, and none at the end.</param>
    /// <returns>The chars written.</returns>
    public static int Decode(ReadOnlySpan<byte> bytes, Span<char> destination, bool isEnd, out int consumed)
    {
        int written = 0;
        consumed = 0;
        while (true)
        {
            OperationStatus status = Utf8.ToUtf16(bytes[consumed..], destination[written..], out int read, out int chars, replaceInvalidSequences: false, isFinalBlock: isEnd);
            consumed += read;
            written += chars;
            if (status != OperationStatus.InvalidData)
                return written;
            destination[written++] = '\uFFFD';
            consumed++;
        }
    }

    /// <summary>The text of these bytes, if they are well-formed throughout.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string text)
    {
        bool isValid = Utf8.IsValid(bytes);
        text = isValid ? Encoding.UTF8.GetString(bytes) : "";
        return isValid;
    }
}
