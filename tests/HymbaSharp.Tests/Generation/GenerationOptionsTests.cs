using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class GenerationOptionsTests
{
    private static readonly GenerationOptions Default = new();

    public static TheoryData<GenerationOptions> Allowed =>
    [
        Default,
        Default with { MaxTokens = 0 },
        Default with { Temperature = 0 },
        Default with { Temperature = float.Epsilon },
        Default with { Temperature = float.MaxValue },
        Default with { TopK = 0 },
        Default with { TopK = int.MaxValue },
        Default with { TopP = 0 },
        Default with { TopP = 1 },
        Default with { MinP = 0 },
        Default with { MinP = 1 },
        Default with { RepetitionPenalty = float.Epsilon },
        Default with { PresencePenalty = -2, FrequencyPenalty = 2 },
        Default with { PenaltyWindow = null },
        Default with { PenaltyWindow = 1 },
        Default with { PenaltyWindow = int.MaxValue },
        Default with { LogitBias = new Dictionary<int, float> { [0] = float.NegativeInfinity, [99] = 5 } },
        Default with { StopTokenIds = [0, 99] },
        Default with { StopStrings = [new string('x', GenerationOptions.MaxStopStringLength), "😀"] },
        Default with { StopStrings = [.. Enumerable.Repeat("x", GenerationOptions.MaxStopStrings)] },
        Default with { LogProbabilities = 0 },
        Default with { LogProbabilities = GenerationOptions.MaxLogProbabilities },
    ];

    public static TheoryData<string, GenerationOptions> Refused => new()
    {
        { "MaxTokens is -1", Default with { MaxTokens = -1 } },
        { "Temperature is -0.1", Default with { Temperature = -0.1f } },
        { "Temperature is NaN", Default with { Temperature = float.NaN } },
        { "Temperature is Infinity", Default with { Temperature = float.PositiveInfinity } },
        { "TopK is -1", Default with { TopK = -1 } },
        { "TopP is -0.1", Default with { TopP = -0.1f } },
        { "TopP is 1.1", Default with { TopP = 1.1f } },
        { "TopP is NaN", Default with { TopP = float.NaN } },
        { "MinP is -0.1", Default with { MinP = -0.1f } },
        { "MinP is 1.1", Default with { MinP = 1.1f } },
        { "RepetitionPenalty is 0", Default with { RepetitionPenalty = 0 } },
        { "RepetitionPenalty is NaN", Default with { RepetitionPenalty = float.NaN } },
        { "RepetitionPenalty is Infinity", Default with { RepetitionPenalty = float.PositiveInfinity } },
        { "PresencePenalty is 2.1", Default with { PresencePenalty = 2.1f } },
        { "FrequencyPenalty is -2.1", Default with { FrequencyPenalty = -2.1f } },
        { "PenaltyWindow is 0", Default with { PenaltyWindow = 0 } },
        { "LogitBias is for token -1", Default with { LogitBias = new Dictionary<int, float> { [-1] = 1 } } },
        { "LogitBias is for token 100", Default with { LogitBias = new Dictionary<int, float> { [100] = 1 } } },
        { "LogitBias is NaN for token 7", Default with { LogitBias = new Dictionary<int, float> { [7] = float.NaN } } },
        { "LogitBias is Infinity for token 7", Default with { LogitBias = new Dictionary<int, float> { [7] = float.PositiveInfinity } } },
        { "LogitBias is null", Default with { LogitBias = null! } },
        { "StopTokenIds is -1", Default with { StopTokenIds = [-1] } },
        { "StopTokenIds is 100", Default with { StopTokenIds = [100] } },
        { "StopTokenIds is null", Default with { StopTokenIds = null! } },
        { "StopStrings is a string of 0", Default with { StopStrings = ["a", ""] } },
        { "StopStrings is a string of 1025", Default with { StopStrings = [new string('x', 1025)] } },
        { "StopStrings is a string with an unpaired surrogate", Default with { StopStrings = ["a\ud83d"] } },
        { "StopStrings is a string with an unpaired surrogate", Default with { StopStrings = ["\ude00a"] } },
        { "StopStrings is a list of 65", Default with { StopStrings = [.. Enumerable.Repeat("x", 65)] } },
        { "StopStrings is null", Default with { StopStrings = [null!] } },
        { "StopStrings is null", Default with { StopStrings = null! } },
        { "LogProbabilities is -1", Default with { LogProbabilities = -1 } },
        { "LogProbabilities is 21", Default with { LogProbabilities = 21 } },
    };

    [Theory, MemberData(nameof(Allowed))]
    public void Allows_every_option_at_its_bounds(GenerationOptions options)
    {
        options.Validate();
        options.Validate(100);
        Assert.InRange(new Sampler(options, 100, 16).Sample(new float[100]), 0, 99);
    }

    [Theory, MemberData(nameof(Refused))]
    public void Refuses_what_is_out_of_range_by_name_value_and_range(string begin, GenerationOptions options)
    {
        GenerationOptionsException error = Assert.Throws<GenerationOptionsException>(() => options.Validate(100));
        Assert.StartsWith(begin, error.Message);
        Assert.Contains("allowed: ", error.Message);
        Assert.Equal(begin.Split(' ')[0], error.Option);
        Assert.Throws<GenerationOptionsException>(() => new Sampler(options, 100, 16));
    }

    [Fact]
    public void Checks_token_ids_against_the_vocabulary_only_where_it_is_known()
    {
        GenerationOptions options = new() { StopTokenIds = [32_000] };
        options.Validate();
        options.Validate(32_001);
        Assert.Contains("0 to 31999", Assert.Throws<GenerationOptionsException>(() => options.Validate(32_000)).Message);
    }
}
