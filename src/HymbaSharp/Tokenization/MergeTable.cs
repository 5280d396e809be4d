using System.Buffers;
using System.Numerics;
using System.Text;

namespace HymbaSharp.Tokenization;

/// <summary>
/// Which two neighbouring symbols join, into what, and in what order. A symbol is the id of a piece, or ~c for a character c
/// that has no piece of its own.
/// </summary>
internal sealed class MergeTable(Dictionary<int, int> characters, int pieces)
{
    /// <summary>The rank of two characters that never join directly but may end up side by side inside one piece.</summary>
    public const int LaterOnly = int.MaxValue;

    // About two pairs per piece are usual. Linear probing; a multiplicative hash, because the exclusive or of two ids collides too often. An empty slot has rank 0.
    private Entry[] _entries = new Entry[BitOperations.RoundUpToPowerOf2(4 * (uint)Math.Clamp(pieces, 1, 1 << 16))];
    private int _count;

    /// <summary>Whether a text is a single character.</summary>
    public static bool IsCharacter(ReadOnlySpan<char> text, out Rune character) =>
        Rune.DecodeFromUtf16(text, out character, out int length) == OperationStatus.Done && length == text.Length;

    /// <summary>The symbol a character starts as.</summary>
    public int Symbol(Rune character) => characters.TryGetValue(character.Value, out int id) ? id : ~character.Value;

    /// <summary>
    /// The pair's rank, lower joining first, and the piece it becomes. <see cref="LaterOnly"/>: not directly. 0: never; between
    /// two characters that is a seam no piece crosses.
    /// </summary>
    public int Rank(int left, int right, out int merged)
    {
        ref readonly Entry entry = ref Slot(_entries, Key(left, right));
        merged = entry.Merged;
        return entry.Rank;
    }

    /// <summary>Adds a merge, of rank 1 or more. The last two arguments are the symbols of the two characters that meet in it.</summary>
    /// <returns>False where the pair has one already.</returns>
    public bool TryAdd(int left, int right, int rank, int merged, int lastOfLeft, int firstOfRight)
    {
        ref Entry inner = ref Claim(lastOfLeft, firstOfRight);
        if (inner.Rank == 0)
            inner.Rank = LaterOnly;

        ref Entry entry = ref Claim(left, right);
        if (entry.Rank is not (0 or LaterOnly))
            return false;
        (entry.Rank, entry.Merged) = (rank, merged);
        return true;
    }

    private ref Entry Claim(int left, int right)
    {
        if (2 * (_count + 1) > _entries.Length)
        {
            var larger = new Entry[2 * _entries.Length];
            foreach (Entry moved in _entries)
            {
                if (moved.Rank != 0)
                    Slot(larger, moved.Key) = moved;
            }
            _entries = larger;
        }

        ulong key = Key(left, right);
        ref Entry entry = ref Slot(_entries, key);
        if (entry.Rank == 0)
        {
            entry.Key = key;
            _count++;
        }
        return ref entry;
    }

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;

    private static ref Entry Slot(Entry[] entries, ulong key)
    {
        int mask = entries.Length - 1;
        int index = (int)(key * 0x9E3779B97F4A7C15 >> (BitOperations.LeadingZeroCount((ulong)mask)));
        while (entries[index].Rank != 0 && entries[index].Key != key)
            index = index + 1 & mask;
        return ref entries[index];
    }

    private struct Entry
    {
        public ulong Key;
        public int Rank;
        public int Merged;
    }
}
