using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Tests.Twin;

namespace HymbaSharp.Training.Tests.Loop;

public sealed class MemoryEstimateTests
{
    [Fact]
    public void Only_what_is_trained_has_gradients_and_moments_and_checkpointing_keeps_less()
    {
        using ReferenceTwin reference = new("ntk-shared-kv");
        long weights = reference.Config.ParameterCount * sizeof(float);
        reference.Parameters.Train(name => name == "model.memory_tokens");
        MemoryEstimate few = MemoryEstimate.Of(reference.Config, reference.Parameters, models: 1, rows: 1000, checkpoints: false);
        reference.Parameters.Train(_ => true);
        MemoryEstimate all = MemoryEstimate.Of(reference.Config, reference.Parameters, models: 2, rows: 1000, checkpoints: true);

        Assert.Equal(weights, few.Weights);
        Assert.Equal(reference.Config.MetaTokens * reference.Config.HiddenSize * sizeof(float) * 3L, few.Training);
        Assert.Equal(2 * weights, all.Weights);
        Assert.Equal(3 * weights, all.Training);
        Assert.True(all.Activations < few.Activations / 2);
    }

    [Fact]
    public void Too_little_memory_is_said_with_what_would_help()
    {
        MemoryEstimate estimate = new(4_000_000_000, 12_000_000_000, 1_000_000_000);
        TrainingException error = Assert.Throws<TrainingException>(() => estimate.Require(8_000_000_000));
        Assert.Contains("12.0 GB gradients and moments", error.Message, StringComparison.Ordinal);
        Assert.Contains("8.00 GB are free", error.Message, StringComparison.Ordinal);
        estimate.Require(20_000_000_000);
    }

    [Fact]
    public void The_machine_has_some_memory_free() => Assert.True(MemoryEstimate.Available() > 100 << 20);
}
