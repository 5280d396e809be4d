using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class GenerationStatisticsTests
{
    private static readonly GenerationStatistics Some = new()
    {
        PromptTokens = 120,
        CachedPromptTokens = 20,
        GeneratedTokens = 31,
        PromptTime = TimeSpan.FromSeconds(0.5),
        DecodeTime = TimeSpan.FromSeconds(1.5),
        TimeToFirstToken = TimeSpan.FromSeconds(0.6),
        BytesRead = 90_000_000_000,
    };

    [Fact]
    public void Rates_count_what_was_computed()
    {
        Assert.Equal(200, Some.PromptTokensPerSecond);
        Assert.Equal(20, Some.DecodeTokensPerSecond);
        Assert.Equal(60, Some.DecodeGigabytesPerSecond);
    }

    [Fact]
    public void Rates_of_nothing_are_zero()
    {
        GenerationStatistics timeless = Some with { PromptTime = TimeSpan.Zero, DecodeTime = TimeSpan.Zero };
        GenerationStatistics idle = Some with { CachedPromptTokens = 120, GeneratedTokens = 0, BytesRead = 0 };
        foreach (GenerationStatistics statistics in (GenerationStatistics[])[timeless, idle])
        {
            Assert.Equal(0, statistics.PromptTokensPerSecond);
            Assert.Equal(0, statistics.DecodeTokensPerSecond);
            Assert.Equal(0, statistics.DecodeGigabytesPerSecond);
        }
    }
}
