using CsCheck;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Tests.Words;

public sealed class NamesTests
{
    [Theory]
    [InlineData("Training")]
    [InlineData("HeldOut")]
    public void Every_word_of_a_name_and_every_large_number_is_of_its_split(string split)
    {
        Split wanted = Enum.Parse<Split>(split);
        Gen.ULong.Sample(seed =>
        {
            Names names = new(new Dice(seed, "names", 0), wanted);
            string[] words = [.. names.Person().Split(' '), names.Place(), names.Thing(), names.Word()];
            int[] numbers = [names.Year(), names.Number(100, 9999)];
            return words.All(word => Splits.Of(word) == wanted) && numbers.All(number => Splits.Of($"{number}") == wanted);
        });
    }

    [Fact]
    public void A_split_is_the_same_whatever_the_case() => Assert.Equal(Splits.Of("velora"), Splits.Of("VELORA"));

    [Fact]
    public void About_one_name_in_ten_is_held_out()
    {
        int heldOut = Enumerable.Range(0, 5000).Count(i => Splits.Of($"name{i}") == Split.HeldOut);
        Assert.InRange(heldOut, 400, 600);
    }

    [Fact]
    public void There_are_enough_names_that_few_come_twice()
    {
        Names names = new(new Dice(1, "names", 0), Split.Training);
        Assert.InRange(Enumerable.Range(0, 10_000).Select(_ => names.Word()).Distinct().Count(), 9_500, 10_000);
    }

    [Theory]
    [InlineData("oven", "an oven")]
    [InlineData("table", "a table")]
    public void The_article_follows_the_sound(string word, string expected) => Assert.Equal(expected, Names.WithArticle(word));
}
