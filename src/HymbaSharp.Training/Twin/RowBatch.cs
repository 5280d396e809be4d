using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Twin;

/// <summary>
/// Documents packed row after row: each is the M meta tokens followed by its tokens. A document sees no other. Padding has no place here: a padded
/// batch is packed by leaving its padding out.
/// </summary>
internal sealed class RowBatch
{
    /// <summary>Packs documents.</summary>
    /// <param name="documents">Token ids of each, at least one.</param>
    /// <param name="learned">For each token whether the loss counts predicting it; a document's first token is never predicted. Null: all are learned.</param>
    /// <param name="metaTokens">M.</param>
    public RowBatch(IReadOnlyList<int[]> documents, IReadOnlyList<bool[]>? learned, int metaTokens)
    {
        int rows = documents.Sum(document => document.Length + metaTokens);
        MetaTokens = metaTokens;
        Tokens = new int[rows];
        Documents = new RowRange[documents.Count];
        List<int> lossRows = [], targets = [], owners = [];
        int start = 0;
        for (int d = 0; d < documents.Count; d++)
        {
            int[] tokens = documents[d];
            ArgumentOutOfRangeException.ThrowIfZero(tokens.Length);
            for (int meta = 0; meta < metaTokens; meta++)
                Tokens[start + meta] = ~meta;
            tokens.CopyTo(Tokens, start + metaTokens);
            for (int t = 1; t < tokens.Length; t++)
            {
                if (learned is not null && !learned[d][t])
                    continue;
                lossRows.Add(start + metaTokens + t - 1);
                targets.Add(tokens[t]);
                owners.Add(d);
            }
            Documents[d] = new RowRange(start, metaTokens + tokens.Length);
            start += metaTokens + tokens.Length;
        }
        (LossRows, Targets, TargetDocuments) = ([.. lossRows], [.. targets], [.. owners]);
    }

    /// <summary>M.</summary>
    public int MetaTokens { get; }

    /// <summary>The id of each row [R]; ~m for the meta token m.</summary>
    public int[] Tokens { get; }

    /// <summary>Rows of all documents, meta tokens included.</summary>
    public int Rows => Tokens.Length;

    /// <summary>Which rows are whose.</summary>
    public RowRange[] Documents { get; }

    /// <summary>The rows whose logits are compared with a target, ascending [n].</summary>
    public int[] LossRows { get; }

    /// <summary>The token that follows each of them [n].</summary>
    public int[] Targets { get; }

    /// <summary>The document each of them is in [n].</summary>
    public int[] TargetDocuments { get; }

    /// <summary>Rows that are tokens, not meta tokens.</summary>
    public int TokenCount => Rows - (MetaTokens * Documents.Length);

    /// <summary>Packs a padded batch [B, T], row-major, of which sequence b has <paramref name="lengths"/>[b] tokens.</summary>
    public static RowBatch OfPadded(ReadOnlySpan<int> tokens, int columns, ReadOnlySpan<int> lengths, int metaTokens)
    {
        if (tokens.Length != columns * lengths.Length)
            throw new ArgumentException($"A padded batch of {lengths.Length} × {columns} has {columns * lengths.Length} tokens; {tokens.Length} are given.");
        int[][] documents = new int[lengths.Length][];
        for (int b = 0; b < documents.Length; b++)
            documents[b] = tokens.Slice(b * columns, lengths[b]).ToArray();
        return new RowBatch(documents, learned: null, metaTokens);
    }
}
