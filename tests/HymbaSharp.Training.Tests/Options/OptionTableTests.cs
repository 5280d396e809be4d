using System.Reflection;
using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Tests.Options;

public sealed class OptionTableTests
{
    [Fact]
    public void Names_and_flags_are_distinct()
    {
        Assert.Distinct(OptionTable.Keys.Select(key => key.FullName));
        Assert.Distinct(OptionTable.Keys.Select(key => key.Flag));
    }

    [Fact]
    public void Every_property_of_every_record_is_an_option()
    {
        string[] properties =
        [
            .. from record in typeof(TrainingOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
               from property in record.PropertyType.GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where property.CanWrite
               select $"{record.Name}.{property.Name}",
        ];
        Assert.Equal(properties.Order(), OptionTable.Keys.Select(key => $"{Pascal(key.Section)}.{Pascal(key.Name)}").Order());
    }

    [Fact]
    public void Every_flag_tells_its_key_its_range_and_its_default()
    {
        Assert.Equal("[optimizer] learning_rate: the highest learning rate (above 0). Default: 0.0003.", Description("optimizer.learning_rate"));
        Assert.Equal("[optimizer] epsilon: added to the root of that mean (above 0). Default: 1e-08.", Description("optimizer.epsilon"));
        Assert.Equal("[run] objective: what is learned (lm, sft, dpo). Default: lm.", Description("run.objective"));
        Assert.Equal("[data] eval_files: the files to evaluate on. May be given several times.", Description("data.eval_files"));
    }

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("same", "same", 0)]
    [InlineData("learning_rat", "learning_rate", 1)]
    public void The_distance_of_names_counts_letters(string first, string second, int distance)
    {
        Assert.Equal(distance, Spelling.Distance(first, second));
        Assert.Equal(distance, Spelling.Distance(second, first));
    }

    [Fact]
    public void A_span_is_a_number_of_steps_or_a_share_of_all()
    {
        Assert.Equal(100, StepSpan.OfSteps(100).Of(1000));
        Assert.Equal(50, StepSpan.OfSteps(100).Of(50));
        Assert.Equal(10, StepSpan.OfShare(0.01).Of(1000));
        Assert.Equal(0, StepSpan.OfShare(0).Of(1000));
        Assert.Equal(0, default(StepSpan).Of(1000));
    }

    private static string Description(string name) => OptionTable.Keys.Single(key => key.FullName == name).Description;

    private static string Pascal(string name) => string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
