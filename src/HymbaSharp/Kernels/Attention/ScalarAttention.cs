namespace HymbaSharp.Kernels;

/// <summary>The scalar twin: for each query a softmax over all the keys it sees, in two passes.</summary>
internal static unsafe class ScalarAttention
{
    public static void Apply(in AttentionBlock block)
    {
        for (int token = 0; token < block.Queries.Rows; token++)
        {
            for (int h = 0; h < block.Group; h++)
                Query(block, token, h);
        }
    }

    private static void Query(in AttentionBlock block, int token, int h)
    {
        KeyValuePage page = block.Page;
        float* query = block.Queries[token] + (h * page.KeySize);
        float* result = block.Partial is null ? block.Results[token] + (h * page.ValueSize) : block.Partial + (2 * block.Group) + (h * page.ValueStride);
        float maximum = float.NegativeInfinity, sum = 0;
        for (int p = block.StartPage; p < block.EndPage; p++)
        {
            for (int row = 0; row < KeyValuePage.Rows; row++)
            {
                if (Sees(block, token, p, row))
                    maximum = MathF.Max(maximum, Score(block, query, p, row));
            }
        }
        new Span<float>(result, page.ValueSize).Clear();
        for (int p = block.StartPage; p < block.EndPage; p++)
        {
            for (int row = 0; row < KeyValuePage.Rows; row++)
            {
                if (!Sees(block, token, p, row))
                    continue;
                float weight = MathF.Exp(Score(block, query, p, row) - maximum);
                int value = page.ValueOffset(block.Head) + (row * page.ValueStride);
                sum += weight;
                for (int d = 0; d < page.ValueSize; d++)
                    result[d] += weight * page.Load(block.Pages[p], value + d);
            }
        }
        if (block.Partial is not null)
        {
            block.Partial[h] = maximum;
            block.Partial[block.Group + h] = sum;
            return;
        }
        for (int d = 0; d < page.ValueSize; d++)
            result[d] /= sum;
    }

    private static bool Sees(in AttentionBlock block, int token, int page, int row)
    {
        int a = block.Position + token, b = (page * KeyValuePage.Rows) + row;
        AttentionMask mask = block.Mask;
        return b <= a && (mask.Global || a - b <= mask.Window || b < mask.MetaTokens);
    }

    private static float Score(in AttentionBlock block, float* query, int page, int row)
    {
        int key = block.Page.KeyOffset(block.Head) + row;
        float sum = 0;
        for (int d = 0; d < block.Page.KeySize; d++)
            sum += query[d] * block.Page.Load(block.Pages[page], key + (d * KeyValuePage.Rows));
        return sum * block.Scale;
    }
}
