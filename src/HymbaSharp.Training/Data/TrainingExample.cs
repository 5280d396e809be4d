namespace HymbaSharp.Training.Data;

/// <summary>A sequence to train on: its tokens, and which of them the loss counts.</summary>
public sealed class TrainingExample
{
    /// <summary>Takes both arrays over.</summary>
    /// <exception cref="ArgumentException">They differ in length, or the first token is to be learned, which nothing precedes.</exception>
    public TrainingExample(int[] tokens, bool[] learned)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(learned);
        if (tokens.Length != learned.Length)
            throw new ArgumentException($"{tokens.Length} tokens, but {learned.Length} marks; each token has one.", nameof(learned));
        if (learned.Length > 0 && learned[0])
            throw new ArgumentException("The first token can't be learned: no token precedes it.", nameof(learned));
        Tokens = tokens;
        Learned = learned;
        LearnedCount = learned.Count(isLearned => isLearned);
    }

    /// <summary>The token ids [T]; no meta tokens among them.</summary>
    public int[] Tokens { get; }

    /// <summary>[T]: whether the loss counts predicting this token from those before it. The first is false.</summary>
    public bool[] Learned { get; }

    /// <summary>How many tokens the loss counts.</summary>
    public int LearnedCount { get; }

    /// <summary>Up to <paramref name="count"/> tokens from <paramref name="first"/> on, as a sequence of their own.</summary>
    internal TrainingExample Cut(int first, int count)
    {
        int end = Math.Min(first + count, Tokens.Length);
        bool[] learned = Learned[first..end];
        learned[0] = false;
        return new TrainingExample(Tokens[first..end], learned);
    }
}
