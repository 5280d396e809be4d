namespace HymbaSharp.Training.Kernels;

/// <summary>A worker's scratch for the backward pass of a document's head: panels of all its keys, and one block of queries.</summary>
internal readonly unsafe struct BackwardScratch
{
    private readonly float* _panels;
    private readonly AttentionHeads _heads;
    private readonly nint _panelFloats;

    public BackwardScratch(float* memory, AttentionHeads heads, int tokens)
    {
        _heads = heads;
        BlockRows = QueryBlock.Rows(heads);
        KeyStride = (int)QueryBlock.Lines(heads.KeySize);
        ScratchCursor cursor = new(memory);
        Queries = cursor.Take(BlockRows * heads.KeySize);
        Gradients = cursor.Take(BlockRows * heads.ValueSize);
        QueriesTransposed = cursor.Take(QueryBlock.Tiled(heads.KeySize) * BlockRows);
        GradientsTransposed = cursor.Take(QueryBlock.Tiled(heads.ValueSize) * BlockRows);
        LogSums = cursor.Take(BlockRows);
        Means = cursor.Take(BlockRows);
        Probabilities = cursor.Take(BlockRows * KeySpan.Panel);
        ScoreGradients = cursor.Take(BlockRows * KeySpan.Panel);
        QueryGradients = cursor.Take(BlockRows * KeyStride);
        _panels = cursor.Next;
        _panelFloats = (nint)(new Panel(null, heads).End) / sizeof(float);
        End = _panels + (Panels(tokens) * _panelFloats);
    }

    /// <summary>Rows of a block, whole register tiles.</summary>
    public int BlockRows { get; }

    /// <summary>Floats from one row of keys or query gradients to the next.</summary>
    public int KeyStride { get; }

    /// <summary>Scaled queries [block rows, Dk].</summary>
    public float* Queries { get; }

    /// <summary>The results' gradients [block rows, Dv].</summary>
    public float* Gradients { get; }

    /// <summary>[Dk, block rows].</summary>
    public float* QueriesTransposed { get; }

    /// <summary>[Dv, block rows].</summary>
    public float* GradientsTransposed { get; }

    /// <summary>[block rows].</summary>
    public float* LogSums { get; }

    /// <summary>The probabilities' gradients in the mean, which is result · its gradient [block rows].</summary>
    public float* Means { get; }

    /// <summary>Scores, then probabilities, of a panel [block rows, keys].</summary>
    public float* Probabilities { get; }

    /// <summary>Gradients of a panel's probabilities, then of its scores [block rows, keys].</summary>
    public float* ScoreGradients { get; }

    /// <summary>Not yet scaled [block rows, key stride].</summary>
    public float* QueryGradients { get; }

    private float* End { get; }

    public Panel this[int panel] => new(_panels + (panel * _panelFloats), _heads);

    /// <summary>Panels of a document's keys.</summary>
    public static int Panels(int tokens) => (tokens + KeySpan.Panel - 1) / KeySpan.Panel;

    public static long Floats(AttentionHeads heads, int tokens) => (long)new BackwardScratch(null, heads, tokens).End / sizeof(float);

    /// <summary>Keys and values of a panel, and the sums of their gradients.</summary>
    public readonly struct Panel
    {
        public Panel(float* memory, AttentionHeads heads)
        {
            ScratchCursor cursor = new(memory);
            KeysTransposed = cursor.Take(heads.KeySize * KeySpan.Panel);
            ValuesTransposed = cursor.Take(heads.ValueSize * KeySpan.Panel);
            Keys = cursor.Take(KeySpan.Panel * QueryBlock.Lines(heads.KeySize));
            KeyGradients = cursor.Take(QueryBlock.Tiled(heads.KeySize) * KeySpan.Panel);
            ValueGradients = cursor.Take(QueryBlock.Tiled(heads.ValueSize) * KeySpan.Panel);
            End = cursor.Next;
        }

        /// <summary>[Dk, keys].</summary>
        public float* KeysTransposed { get; }

        /// <summary>[Dv, keys].</summary>
        public float* ValuesTransposed { get; }

        /// <summary>[keys, key stride].</summary>
        public float* Keys { get; }

        /// <summary>Transposed [Dk, keys], its rows filled up to whole register tiles.</summary>
        public float* KeyGradients { get; }

        /// <summary>Transposed [Dv, keys], its rows filled up to whole register tiles.</summary>
        public float* ValueGradients { get; }

        public float* End { get; }
    }
}
