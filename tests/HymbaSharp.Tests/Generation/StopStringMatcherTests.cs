using CsCheck;
using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class StopStringMatcherTests
{
    [Theory]
    [InlineData("hello world", "STOP", "hello world", null)]
    [InlineData("hello STOP world", "STOP", "hello ", "STOP")]
    [InlineData("STOP", "STOP", "", "STOP")]
    [InlineData("SSTOSTOP!", "STOP", "SSTO", "STOP")]
    [InlineData("aabaabaaab", "aabaaa", "aab", "aabaaa")]
    [InlineData("aabaaabaaac", "aabaaac", "aaba", "aabaaac")]
    [InlineData("xabcd", "abcd|bc", "xa", "bc")]
    [InlineData("xabc", "bc|abc|c", "x", "abc")]
    [InlineData("### User", "\n### User|### User", "", "### User")]
    [InlineData("wait STO", "STOP", "wait STO", null)]
    [InlineData("😀😁 done", "😁", "😀", "😁")]
    public void However_the_text_is_split_it_ends_before_the_stop_string(string text, string stops, string shown, string? found)
    {
        for (int split = 0; split < 1 << (text.Length - 1); split++)
            Check(text, stops.Split('|'), split, shown, found);
    }

    [Fact]
    public void Agrees_with_a_naive_search_for_every_split() =>
        Gen.Select(Gen.String[Gen.Char["ab"], 1, 11], Gen.String[Gen.Char["abc"], 1, 8].Array[0, 4]).Sample((text, stops) =>
        {
            (string shown, string? found) = Naive(text, stops);
            for (int split = 0; split < 1 << (text.Length - 1); split++)
                Check(text, stops, split, shown, found);
        }, iter: 300);

    [Fact]
    public void A_long_text_that_keeps_almost_matching_takes_linear_time()
    {
        string stop = new string('a', GenerationOptions.MaxStopStringLength - 1) + 'b';
        StopStringMatcher matcher = new([.. Enumerable.Repeat(stop, 3)]);
        long shown = 0, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 300_000; i++)
            shown += matcher.Push("a").Length;
        // Each piece shows one character, a string of 24 bytes: nothing of what is held back is copied.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 300_000L * 64);
        Assert.Equal(300_000 - stop.Length + 1, shown);
        Assert.Equal(stop[..^1], matcher.Flush());
    }

    [Fact]
    public void Without_stop_strings_text_passes_through_uncopied()
    {
        StopStringMatcher matcher = new([]);
        string piece = new('x', 5);
        Assert.Same(piece, matcher.Push(piece));
        Assert.Equal("", matcher.Push(""));
        Assert.Equal("", matcher.Flush());
    }

    /// <summary>Pushes the text cut after each character whose bit is set, and compares after each piece with what may be shown by then.</summary>
    private static void Check(string text, string[] stops, int split, string shown, string? found)
    {
        StopStringMatcher matcher = new(stops);
        string output = "";
        int begin = 0;
        for (int end = 1; end <= text.Length; end++)
        {
            if (end < text.Length && (split >> (end - 1) & 1) == 0)
                continue;
            output += matcher.Push(text[begin..end]);
            begin = end;
            Assert.Equal(Naive(text[..end], stops) is (string cut, not null) ? cut : text[..(end - NaiveHeld(text[..end], stops))], output);
        }
        Assert.Equal(shown, output + matcher.Flush());
        Assert.Equal(found, matcher.Found);
        Assert.Equal(found is null ? text[begin..] : "", matcher.Push(found is null ? "" : "more") + matcher.Flush());
    }

    private static (string Shown, string? Found) Naive(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string? found = stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length);
            if (found is not null)
                return (text[..(end - found.Length)], found);
        }
        return (text, null);
    }

    private static int NaiveHeld(string text, string[] stops)
    {
        for (int length = text.Length; length > 0; length--)
        {
            if (stops.Any(stop => stop.StartsWith(text[^length..], StringComparison.Ordinal)))
                return length;
        }
        return 0;
    }
}
