using CsCheck;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Words;

public sealed class DiceTests
{
    [Fact]
    public void A_seed_means_the_same_numbers_forever()
    {
        Dice dice = new(1, "stream", 0);
        Assert.Equal([333_100, 455_843, 713_675], (int[])[dice.Below(1_000_000), dice.Below(1_000_000), dice.Below(1_000_000)]);
    }

    [Fact]
    public void Numbers_stay_within_their_limits() =>
        (from seed in Gen.ULong from least in Gen.Int[-1000, 1000] from width in Gen.Int[0, 1000] select (seed, least, width)).Sample(one =>
        {
            int number = new Dice(one.seed, "limits", 0).Between(one.least, one.least + one.width);
            return number >= one.least && number <= one.least + one.width;
        });

    [Fact]
    public void Every_number_comes_up_about_as_often()
    {
        Dice dice = new(5, "even", 0);
        int[] counts = new int[10];
        for (int i = 0; i < 10_000; i++)
            counts[dice.Below(10)]++;
        Assert.All(counts, count => Assert.InRange(count, 850, 1150)); // five standard deviations
    }

    [Fact]
    public void Weights_are_kept()
    {
        Dice dice = new(5, "weights", 0);
        int[] counts = new int[3];
        for (int i = 0; i < 10_000; i++)
            counts[dice.Weighted(10, 0, 90)]++;
        Assert.InRange(counts[0], 850, 1150);
        Assert.Equal(0, counts[1]);
    }

    [Fact]
    public void Seed_stream_and_index_each_make_another_sequence()
    {
        int[] First(ulong seed, string stream, int index)
        {
            Dice dice = new(seed, stream, index);
            return [.. Enumerable.Range(0, 8).Select(_ => dice.Below(1000))];
        }

        Assert.Equal(First(1, "a", 0), First(1, "a", 0));
        Assert.NotEqual(First(1, "a", 0), First(2, "a", 0));
        Assert.NotEqual(First(1, "a", 0), First(1, "b", 0));
        Assert.NotEqual(First(1, "a", 0), First(1, "a", 1));
    }

    [Fact]
    public void A_sample_holds_different_items_of_the_list() =>
        Gen.ULong.Sample(seed =>
        {
            int[] sample = new Dice(seed, "sample", 0).Sample([1, 2, 3, 4, 5, 6], 4);
            return sample.Distinct().Count() == 4 && sample.All(item => item is >= 1 and <= 6);
        });
}
