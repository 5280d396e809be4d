using System.Numerics;

namespace HymbaSharp.Training.Kernels;

/// <summary>The scalar twin, in float32, or in double as the measure of the others.</summary>
internal static unsafe class ScalarPackedAttention<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Results and log-sums of <paramref name="count"/> queries from position <paramref name="first"/> on.</summary>
    public static void Forward(in DocumentHead<T> head, int first, int count)
    {
        for (int a = first; a < first + count; a++)
        {
            for (int h = 0; h < head.Heads.Group; h++)
                Attend(head, a, h);
        }
    }

    /// <summary>Gradients of all queries, keys and values of the document.</summary>
    public static void Backward(in DocumentHead<T> head)
    {
        for (int b = 0; b < head.Tokens; b++)
        {
            new Span<T>(head.KeyGradients[b], head.Heads.KeySize).Clear();
            new Span<T>(head.ValueGradients[b], head.Heads.ValueSize).Clear();
        }
        for (int a = 0; a < head.Tokens; a++)
        {
            for (int h = 0; h < head.Heads.Group; h++)
                Differentiate(head, a, h);
        }
    }

    private static void Attend(in DocumentHead<T> head, int a, int h)
    {
        int valueSize = head.Heads.ValueSize;
        T* result = head.Results[a] + (h * valueSize);
        T maximum = T.NegativeInfinity, sum = T.Zero;
        for (int b = 0; b <= a; b++)
        {
            if (head.Sees(a, b))
                maximum = T.Max(maximum, Score(head, a, h, b));
        }
        new Span<T>(result, valueSize).Clear();
        for (int b = 0; b <= a; b++)
        {
            if (!head.Sees(a, b))
                continue;
            T weight = T.Exp(Score(head, a, h, b) - maximum);
            T* value = head.Values[b];
            sum += weight;
            for (int d = 0; d < valueSize; d++)
                result[d] += weight * value[d];
        }
        for (int d = 0; d < valueSize; d++)
            result[d] /= sum;
        head.LogSums[a][h] = maximum + T.Log(sum);
    }

    /// <summary>
    /// With p the probabilities and g the result's gradient: the gradient of a score is p · (g·v − g·result), of which those of query and
    /// key follow; that of the value is p · g.
    /// </summary>
    private static void Differentiate(in DocumentHead<T> head, int a, int h)
    {
        int keySize = head.Heads.KeySize, valueSize = head.Heads.ValueSize;
        T* query = head.Queries[a] + (h * keySize), queryGradient = head.QueryGradients[a] + (h * keySize);
        T* gradient = head.ResultGradients[a] + (h * valueSize);
        T mean = Dot(gradient, head.Results[a] + (h * valueSize), valueSize);
        new Span<T>(queryGradient, keySize).Clear();
        for (int b = 0; b <= a; b++)
        {
            if (!head.Sees(a, b))
                continue;
            T probability = T.Exp(Score(head, a, h, b) - head.LogSums[a][h]);
            T score = Scale(head) * probability * (Dot(gradient, head.Values[b], valueSize) - mean);
            T* key = head.Keys[b], keyGradient = head.KeyGradients[b], valueGradient = head.ValueGradients[b];
            for (int d = 0; d < keySize; d++)
            {
                queryGradient[d] += score * key[d];
                keyGradient[d] += score * query[d];
            }
            for (int d = 0; d < valueSize; d++)
                valueGradient[d] += probability * gradient[d];
        }
    }

    private static T Score(in DocumentHead<T> head, int a, int h, int b) =>
        Dot(head.Queries[a] + (h * head.Heads.KeySize), head.Keys[b], head.Heads.KeySize) * Scale(head);

    private static T Scale(in DocumentHead<T> head) => T.One / T.Sqrt(T.CreateChecked(head.Heads.KeySize));

    private static T Dot(T* a, T* b, int count)
    {
        T sum = T.Zero;
        for (int i = 0; i < count; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
