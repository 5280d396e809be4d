using CsCheck;
using HymbaSharp.Generation;

namespace HymbaSharp.Tests.Generation;

public sealed class SamplerStateTests
{
    private const int VocabularySize = 50;

    private static readonly GenerationOptions Options = new() { Temperature = 1.5f, RepetitionPenalty = 1.3f, FrequencyPenalty = 0.4f, PenaltyWindow = 7, Seed = 3 };
    private static readonly float[] Logits = [.. Enumerable.Range(0, VocabularySize).Select(i => i * 31 % 17 / 4f)];

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(23)]
    public void A_restored_sampler_goes_on_as_the_saved_one(int steps)
    {
        Sampler saved = new(Options, VocabularySize, 100), restored = new(Options with { Seed = 99 }, VocabularySize, 100);
        saved.AcceptPrompt([1, 2, 3]);
        Continue(saved, steps);
        Continue(restored, 9);
        byte[] state = saved.SaveState();
        restored.RestoreState(state);
        Assert.Equal(state, restored.SaveState());
        Assert.Equal(Continue(saved, 30), Continue(restored, 30));
    }

    [Fact]
    public void A_state_is_as_small_as_the_window()
    {
        Sampler sampler = new(Options, VocabularySize, 100);
        Continue(sampler, 50);
        Assert.Equal(32 + 4 * 7, sampler.SaveState().Length);

        Sampler bounded = new(Options with { PenaltyWindow = int.MaxValue }, VocabularySize, 5);
        Continue(bounded, 50);
        Assert.Equal(32 + 4 * 5, bounded.SaveState().Length);

        Sampler unpenalized = new(new GenerationOptions(), VocabularySize, 100);
        Continue(unpenalized, 50);
        Assert.Equal(32, unpenalized.SaveState().Length);
    }

    [Fact]
    public void Bytes_that_are_no_state_are_refused_and_change_nothing()
    {
        Sampler sampler = new(Options, VocabularySize, 100);
        Continue(sampler, 5);
        byte[] state = sampler.SaveState();
        byte[] foreignToken = [.. state[..^4], 200, 0, 0, 0];
        byte[] negativeToken = [.. state[..^4], 0, 0, 0, 0x80];
        foreach (byte[] bad in (byte[][])[[], state[..31], state[..^1], [.. state, .. new byte[12]], new byte[32], foreignToken, negativeToken])
        {
            Assert.Throws<GenerationException>(() => sampler.RestoreState(bad));
            Assert.Equal(state, sampler.SaveState());
        }
    }

    [Fact]
    public void Random_bytes_are_restored_or_refused() =>
        Gen.Byte.Array[0, 70].Sample(bytes =>
        {
            Sampler sampler = new(Options, VocabularySize, 100);
            try
            {
                sampler.RestoreState(bytes);
                Assert.Equal(bytes, sampler.SaveState());
            }
            catch (GenerationException)
            {
                Assert.Equal(32, sampler.SaveState().Length);
            }
        });

    private static int[] Continue(Sampler sampler, int steps)
    {
        int[] tokens = new int[steps];
        for (int i = 0; i < steps; i++)
            sampler.AcceptGenerated(tokens[i] = sampler.Sample(Logits));
        return tokens;
    }
}
