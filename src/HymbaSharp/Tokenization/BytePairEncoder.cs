using System.Runtime.InteropServices;
using System.Text;

namespace HymbaSharp.Tokenization;

/// <summary>
/// Byte-pair encoding with byte fallback: of all neighbours that join, the pair of the lowest rank joins first, the leftmost among equals.
/// The text is cut at the seams no piece crosses (in ordinary text: before the space of most words), and each stretch is
/// merged on its own over a linked list and a priority queue: a stretch of n characters takes fewer than 3n queue entries.
/// </summary>
/// <remarks>Scratch space of one call; not shared between threads.</remarks>
internal sealed class BytePairEncoder(MergeTable merges, int[]? byteIds, int? unknownId, bool addsPrefix)
{
    private readonly PriorityQueue<int, ulong> _queue = new();
    private Symbol[] _symbols = new Symbol[64];
    private int _count;

    /// <summary>Encodes a text that holds no special tokens. Half a surrogate pair counts as U+FFFD.</summary>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        if (text.IsEmpty)
            return;

        int start = ids.Count;
        if (addsPrefix)
            Append(new Rune(TokenizerDefinition.SpaceMark), ids);
        foreach (Rune character in text.EnumerateRunes())
            Append(character.Value == ' ' ? new Rune(TokenizerDefinition.SpaceMark) : character, ids);
        EndStretch(ids);

        if (byteIds is null)
            FuseUnknown(ids, start);
    }

    private void Append(Rune character, List<int> ids)
    {
        int id = merges.Symbol(character);
        if (_count > 0)
        {
            ref Symbol previous = ref _symbols[_count - 1];
            previous.Rank = merges.Rank(previous.Id, id, out previous.Merged);
            if (previous.Rank == 0)
                EndStretch(ids);
        }
        if (_count == _symbols.Length)
            Array.Resize(ref _symbols, 2 * _count);
        _symbols[_count] = new Symbol { Id = id, Previous = _count - 1, Next = _count + 1, Rank = MergeTable.LaterOnly };
        _count++;
    }

    private void EndStretch(List<int> ids)
    {
        if (_count > 1)
            Merge();
        for (int i = 0; i < _count; i = _symbols[i].Next)
            Emit(_symbols[i].Id, ids);
        _count = 0;
    }

    private void Merge()
    {
        Span<Symbol> symbols = _symbols.AsSpan(0, _count);
        symbols[^1].Rank = MergeTable.LaterOnly;
        for (int i = 0; i < symbols.Length; i++)
            Enqueue(symbols, i);

        while (_queue.TryDequeue(out int position, out ulong priority))
        {
            ref Symbol left = ref symbols[position];
            // Outdated: the symbol was swallowed, or joined something and has another right neighbour now.
            if (left.Rank != (int)(priority >> 32))
                continue;

            ref Symbol right = ref symbols[left.Next];
            right.Rank = MergeTable.LaterOnly;
            left.Id = left.Merged;
            left.Next = right.Next;
            if (left.Next < symbols.Length)
                symbols[left.Next].Previous = position;
            Rank(symbols, position);
            if (left.Previous >= 0)
                Rank(symbols, left.Previous);
        }
    }

    private void Rank(Span<Symbol> symbols, int position)
    {
        ref Symbol left = ref symbols[position];
        left.Rank = left.Next < symbols.Length ? merges.Rank(left.Id, symbols[left.Next].Id, out left.Merged) : 0;
        if (left.Rank == 0)
            left.Rank = MergeTable.LaterOnly;
        Enqueue(symbols, position);
    }

    private void Enqueue(Span<Symbol> symbols, int position)
    {
        int rank = symbols[position].Rank;
        if (rank != MergeTable.LaterOnly)
            _queue.Enqueue(position, (ulong)rank << 32 | (uint)position);
    }

    private void Emit(int symbol, List<int> ids)
    {
        if (symbol >= 0)
        {
            ids.Add(symbol);
        }
        else if (byteIds is null)
        {
            ids.Add(unknownId!.Value);
        }
        else
        {
            Span<byte> bytes = stackalloc byte[4];
            foreach (byte value in bytes[..new Rune(~symbol).EncodeToUtf8(bytes)])
                ids.Add(byteIds[value]);
        }
    }

    // Neighbouring characters without a piece make one unknown token.
    private void FuseUnknown(List<int> ids, int start)
    {
        int kept = start;
        Span<int> span = CollectionsMarshal.AsSpan(ids);
        for (int i = start; i < span.Length; i++)
        {
            if (i == start || span[i] != unknownId || span[i - 1] != unknownId)
                span[kept++] = span[i];
        }
        CollectionsMarshal.SetCount(ids, kept);
    }

    private struct Symbol
    {
        public int Id;
        public int Previous;
        public int Next;
        /// <summary>Of the pair this symbol makes with the next one.</summary>
        public int Rank;
        /// <summary>What that pair becomes.</summary>
        public int Merged;
    }
}
