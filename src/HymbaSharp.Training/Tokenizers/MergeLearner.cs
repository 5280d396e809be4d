using System.Runtime.InteropServices;
using System.Text;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Tokenizers;

/// <summary>
/// Learns byte-pair merges (Sennrich et al. 2016, section 3.2): again and again, the two neighbouring pieces found most often become one. Ties go
/// as <see cref="BytePairTrainer"/> says.
/// </summary>
/// <remarks>
/// What stands inside a run of text is joined as if the run stood alone, as long as no piece reaches over its ends. So a piece is always made of
/// the same two, a pair has all its occurrences from the moment the younger of its pieces was made, and its count only falls. Hence the queue
/// may be lazy: a pair that lost some goes back when it comes to the front. For the same reason an encoder that joins whatever two
/// pieces spell a third, in the order these were learned, cuts a text as the training did.
/// </remarks>
internal sealed class MergeLearner
{
    // A cell with no piece's first or last character: between words, at a character without a piece, inside a piece.
    private const int None = -1;

    private readonly TokenizerTrainingOptions _options;
    private readonly HashSet<string> _bytePieces = [.. Enumerable.Range(0, 256).Select(TokenizerDefinition.BytePiece)];
    private readonly List<Piece> _pieces = [];
    // One cell for each character of each word, and None around words. A piece's first and last cell hold its index.
    private readonly int[] _cells;
    private readonly int[] _wordOf;
    private readonly long[] _weights;
    private readonly PriorityQueue<Pair, Pair> _queue = new(Comparer<Pair>.Create(CompareUrgency));
    private readonly Dictionary<ulong, Pair> _pairs = [];
    private readonly List<Pair> _formed = [];

    /// <exception cref="TokenizerTrainingException">The words are too many to be held.</exception>
    public MergeLearner(WordCounts words, Alphabet alphabet, TokenizerTrainingOptions options)
    {
        _options = options;
        foreach (string character in alphabet.Characters)
            _pieces.Add(new Piece(character, Length: 1, IsSpaces: character[0] == TokenizerDefinition.SpaceMark));

        long cells = words.Words.Keys.Sum(word => word.Length + 1L) + 1;
        if (cells > Array.MaxLength)
            throw new TokenizerTrainingException($"The corpus has {cells} characters of different words; allowed: at most {Array.MaxLength}. Train on a sample of it.");
        _cells = new int[cells];
        _cells.AsSpan().Fill(None);
        _wordOf = new int[cells];
        _weights = new long[words.Words.Count];
        int cell = 1, index = 0;
        foreach ((string word, long count) in words.Words)
        {
            foreach (Rune character in word.EnumerateRunes())
            {
                _wordOf[cell] = index;
                _cells[cell++] = alphabet.IndexOf(character);
            }
            cell++;
            _weights[index++] = count;
        }
    }

    /// <summary>How many joins the learned pieces made in the corpus: so many tokens fewer.</summary>
    public long Joins { get; private set; }

    /// <summary>Learns up to <paramref name="wanted"/> pieces, fewer where the corpus has no more.</summary>
    /// <returns>The merges, best first.</returns>
    public List<Merge> Learn(int wanted, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        for (int cell = 1; cell < _cells.Length; cell++)
        {
            if (_cells[cell - 1] != None && _cells[cell] != None)
                Form(_cells[cell - 1], _cells[cell], cell - 1);
        }
        EnqueueFormed();

        var merges = new List<Merge>();
        while (merges.Count < wanted && _queue.TryDequeue(out Pair? pair, out _))
        {
            cancellationToken.ThrowIfCancellationRequested();
            long count = Count(pair);
            if (count < pair.QueuedCount)
            {
                Enqueue(pair, count);
                continue;
            }
            Join(pair);
            merges.Add(new Merge(_pieces[pair.Left].Text, _pieces[pair.Right].Text, count));
            if (merges.Count * 100L / wanted != (merges.Count - 1) * 100L / wanted)
                progress?.Report((double)merges.Count / wanted);
        }
        return merges;
    }

    /// <summary>Makes the pair's occurrences one piece, from left to right, and finds the pairs that piece now stands in.</summary>
    private void Join(Pair pair)
    {
        (Piece left, Piece right) = (_pieces[pair.Left], _pieces[pair.Right]);
        int piece = _pieces.Count, length = left.Length + right.Length;
        _pieces.Add(new Piece(pair.Text, length, left.IsSpaces && right.IsSpaces));
        _pairs.Remove(Key(pair.Left, pair.Right));
        Joins += pair.QueuedCount;

        int joined = 0;
        Span<int> positions = CollectionsMarshal.AsSpan(pair.Positions);
        foreach (int position in positions)
        {
            if (!Stands(pair, position))
                continue;
            Lose(_cells[position - 1], pair.Left, position);
            Lose(pair.Right, _cells[position + length], position);
            _cells[position + left.Length - 1] = None;
            _cells[position + left.Length] = None;
            _cells[position] = piece;
            _cells[position + length - 1] = piece;
            positions[joined++] = position;
        }

        foreach (int position in positions[..joined])
        {
            int before = _cells[position - 1], after = _cells[position + length];
            if (before != None)
                Form(before, piece, position - _pieces[before].Length);
            // Where the same piece follows, it forms the pair with this one itself.
            if (after != None && after != piece)
                Form(piece, after, position);
        }
        EnqueueFormed();
    }

    /// <summary>Notes that two pieces now stand side by side. Positions come in ascending order.</summary>
    private void Form(int left, int right, int position)
    {
        if (!MayJoin(_pieces[left], _pieces[right]))
            return;
        ref Pair? pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, Key(left, right), out _);
        if (pair is null)
        {
            pair = new Pair(left, right, _pieces[left].Length + _pieces[right].Length);
            _formed.Add(pair);
        }
        pair.Positions.Add(position);
        pair.Count += WeightAt(position);
    }

    /// <summary>Notes that two pieces no longer stand side by side.</summary>
    private void Lose(int left, int right, int position)
    {
        if (left != None && right != None && _pairs.TryGetValue(Key(left, right), out Pair? pair))
            pair.Count -= WeightAt(position);
    }

    private void EnqueueFormed()
    {
        foreach (Pair pair in _formed)
        {
            pair.Text = _pieces[pair.Left].Text + _pieces[pair.Right].Text;
            Enqueue(pair, Count(pair));
        }
        _formed.Clear();
    }

    /// <summary>Queues a pair, or forgets it where it can no longer become a piece.</summary>
    private void Enqueue(Pair pair, long count)
    {
        pair.QueuedCount = count;
        // A corpus may spell a byte's piece out; the two would be one entry of the vocabulary.
        if (count >= _options.MinPairFrequency && !_bytePieces.Contains(pair.Text))
            _queue.Enqueue(pair, pair);
        else
            _pairs.Remove(Key(pair.Left, pair.Right));
    }

    // A word has its spaces in front. Several of them join one another; of those before a letter only the last may join it.
    private bool MayJoin(Piece left, Piece right)
    {
        if (left.Length + right.Length > _options.MaxPieceLength)
            return false;
        return right.Text[0] == TokenizerDefinition.SpaceMark
            ? left.IsSpaces && right.IsSpaces
            : !left.IsSpaces || left.Length == 1;
    }

    /// <summary>How often the pair can be joined: in a run of one piece, at every other place.</summary>
    private long Count(Pair pair)
    {
        if (pair.Left != pair.Right)
            return pair.Count;
        long count = 0;
        int end = 0;
        foreach (int position in pair.Positions)
        {
            if (position >= end && Stands(pair, position))
            {
                count += WeightAt(position);
                end = position + pair.Length;
            }
        }
        return count;
    }

    private bool Stands(Pair pair, int position) =>
        _cells[position] == pair.Left && _cells[position + _pieces[pair.Left].Length] == pair.Right;

    private long WeightAt(int position) => _weights[_wordOf[position]];

    // One to one, and spread by the multiplication: .NET hashes a number by the exclusive or of its halves, which pairs of ids share too often.
    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) * 0x9E3779B97F4A7C15;

    private static int CompareUrgency(Pair one, Pair other)
    {
        int order = other.QueuedCount.CompareTo(one.QueuedCount);
        if (order == 0)
            order = one.Length.CompareTo(other.Length);
        return order != 0 ? order : string.CompareOrdinal(one.Text, other.Text);
    }

    /// <param name="Text">As the vocabulary writes it.</param>
    /// <param name="Length">In characters.</param>
    /// <param name="IsSpaces">Whether it is ▁ throughout.</param>
    private readonly record struct Piece(string Text, int Length, bool IsSpaces);

    private sealed class Pair(int left, int right, int length)
    {
        public readonly int Left = left, Right = right;
        /// <summary>Of the piece the two make, in characters.</summary>
        public readonly int Length = length;
        /// <summary>Where the left piece begins, ascending. Places where the two no longer stand are not taken out.</summary>
        public readonly List<int> Positions = [];
        public string Text = "";
        /// <summary>How often the two stand side by side. Not used for a piece with itself, whose places may overlap.</summary>
        public long Count;
        public long QueuedCount;
    }
}
