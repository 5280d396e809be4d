namespace HymbaSharp.Kernels;

/// <summary>One task: some tokens of a slice, one key/value head, a run of pages.</summary>
internal struct AttentionTask
{
    public int Slice;
    public int Head;
    public int First;
    public int Count;
    public int StartPage;
    public int EndPage;

    /// <summary>Which partial result it leaves; −1 where it covers all pages and writes the result itself.</summary>
    public int Partial;
}

/// <summary>What a kernel needs to do one task.</summary>
internal readonly unsafe struct AttentionBlock(
    KeyValuePage page, int group, AttentionMask mask, SequenceSlice slice, AttentionTask task, Matrix queries, Matrix results, float* partial, float* scratch)
{
    public KeyValuePage Page { get; } = page;

    /// <summary>Query heads that share the key/value head.</summary>
    public int Group { get; } = group;

    public AttentionMask Mask { get; } = mask;

    /// <summary>Pages of the sequence.</summary>
    public float** Pages { get; } = slice.Pages;

    /// <summary>The key/value head.</summary>
    public int Head { get; } = task.Head;

    /// <summary>Position of the first token.</summary>
    public int Position { get; } = slice.Position + task.First;

    public int StartPage { get; } = task.StartPage;

    public int EndPage { get; } = task.EndPage;

    /// <summary>[tokens, group · Dk].</summary>
    public Matrix Queries { get; } = queries;

    /// <summary>[tokens, group · Dv].</summary>
    public Matrix Results { get; } = results;

    /// <summary>Where maxima [group], sums [group] and unnormalised results [group, value stride] go, or null: then results are written.</summary>
    public float* Partial { get; } = partial;

    /// <summary>The worker's scratch.</summary>
    public float* Scratch { get; } = scratch;

    /// <summary>Rows of the block: a row for each token and each query head of the group, the heads of a token together.</summary>
    public int Rows => Queries.Rows * Group;

    /// <summary>1/√Dk.</summary>
    public float Scale => 1f / MathF.Sqrt(Page.KeySize);
}

/// <summary>A worker's scratch for a block: queries, scores of a page, results, maxima and sums.</summary>
internal readonly unsafe struct AttentionScratch
{
    public AttentionScratch(float* memory, int rows, KeyValuePage page)
    {
        int padded = Padded(rows);
        Queries = memory;
        Scores = Queries + (padded * page.KeySize);
        Results = Scores + (padded * KeyValuePage.Rows);
        Maxima = Results + (padded * page.ValueStride);
        Sums = Maxima + padded;
        Widened = Sums + padded;
    }

    /// <summary>[rows, Dk], scaled.</summary>
    public float* Queries { get; }

    /// <summary>[rows, page rows].</summary>
    public float* Scores { get; }

    /// <summary>[rows, value stride], not yet divided by the sums.</summary>
    public float* Results { get; }

    /// <summary>[rows].</summary>
    public float* Maxima { get; }

    /// <summary>[rows].</summary>
    public float* Sums { get; }

    /// <summary>Keys [Dk, page rows] and values [page rows, value stride] of a head, where the page keeps them in another type.</summary>
    public float* Widened { get; }

    /// <summary>Rows, filled up to whole register tiles.</summary>
    public static int Padded(int rows) => (rows + RegisterTileShape.Rows - 1) / RegisterTileShape.Rows * RegisterTileShape.Rows;

    public static long Floats(int rows, KeyValuePage page) =>
        ((long)Padded(rows) * (page.KeySize + KeyValuePage.Rows + page.ValueStride + 2))
        + (page.Type == KeyValueType.F32 ? 0 : KeyValuePage.Rows * (page.KeySize + page.ValueStride));
}
