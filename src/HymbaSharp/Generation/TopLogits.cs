namespace HymbaSharp.Generation;

/// <summary>Selection of the largest logits without sorting them all. Not a number and −∞ are never selected; equals go to the lowest ids.</summary>
internal static class TopLogits
{
    /// <summary>The id of the largest logit, or −1 where there is none.</summary>
    public static int Largest(ReadOnlySpan<float> logits)
    {
        int best = -1;
        float largest = float.NegativeInfinity;
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] > largest)
            {
                largest = logits[i];
                best = i;
            }
        }
        return best;
    }

    /// <summary>
    /// Writes the ids of the largest logits in ascending order, with their logits (+∞ as the largest finite number), and returns how many
    /// there are: as many as <paramref name="heap"/> is long, or fewer where fewer can be selected; all of them where it is empty.
    /// </summary>
    public static int Select(ReadOnlySpan<float> logits, Span<float> heap, Span<int> ids, Span<float> selected)
    {
        float threshold = float.NegativeInfinity;
        int equals = 0;
        if (!heap.IsEmpty)
        {
            threshold = Threshold(logits, heap);
            equals = threshold == float.NegativeInfinity ? 0 : heap.Count(threshold);
        }

        int count = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            float logit = logits[i];
            if (logit > threshold || (logit == threshold && equals-- > 0))
            {
                ids[count] = i;
                selected[count++] = MathF.Min(logit, float.MaxValue);
            }
        }
        return count;
    }

    /// <summary>The n-th largest logit, where n is the length of the heap; −∞ where fewer can be selected. The heap ends holding the n largest.</summary>
    private static float Threshold(ReadOnlySpan<float> logits, Span<float> heap)
    {
        heap.Fill(float.NegativeInfinity);
        foreach (float logit in logits)
        {
            if (logit > heap[0])
                ReplaceSmallest(heap, logit);
        }
        return heap[0];
    }

    private static void ReplaceSmallest(Span<float> heap, float logit)
    {
        int hole = 0;
        for (int child = 1; child < heap.Length; child = 2 * hole + 1)
        {
            if (child + 1 < heap.Length && heap[child + 1] < heap[child])
                child++;
            if (heap[child] >= logit)
                break;
            heap[hole] = heap[child];
            hole = child;
        }
        heap[hole] = logit;
    }
}
