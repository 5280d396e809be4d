namespace HymbaSharp.Demo.Words;

/// <summary>Which half of the space of names and numbers something comes from.</summary>
internal enum Split
{
    /// <summary>What the model is trained on.</summary>
    Training,

    /// <summary>What it is measured on, and never sees in training.</summary>
    HeldOut,
}

/// <summary>Cuts names and numbers in two by a hash of their spelling: one in ten is held out, whatever the seed.</summary>
internal static class Splits
{
    private const int HeldOutOneIn = 10;

    // Below this there are too few numbers to hold any out: every digit must be learned.
    private const int LeastSplitNumber = 100;

    public static Split Of(string word) => Dice.Fingerprint(word.ToLowerInvariant()) % HeldOutOneIn == 0 ? Split.HeldOut : Split.Training;

    public static bool Has(this Split split, string word) => Of(word) == split;

    public static bool Has(this Split split, int number) => number < LeastSplitNumber || Of(number.ToString()) == split;

    /// <summary>Whether a sum or difference may be used: those of two numbers above 9 are split by the pair.</summary>
    public static bool Has(this Split split, int left, char sign, int right) =>
        left < 10 || right < 10 ? split == Split.Training : Of($"{left}{sign}{right}") == split;
}
