using HymbaSharp.Training.Loop;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests.Loop;

public sealed class AdamWTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 2e-6)]
    [InlineData(ScalarType.Float64, 1e-12)]
    public void Steps_are_those_of_the_tensor_librarys_optimizer(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        _ = manual_seed(1);
        Tensor start = randn(7, 13, dtype: type), ours = start.clone().requires_grad_();
        using TorchSharp.Modules.Parameter theirs = new(start.clone());
        using AdamW optimizer = new([("model.layers.0.mamba.in_proj.weight", ours)], 0.9, 0.95, 1e-8, 0.1);
        using var other = optim.AdamW([theirs], lr: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1);

        for (int step = 0; step < 5; step++)
        {
            Tensor gradient = randn(7, 13, dtype: type);
            optimizer.ClearGradients();
            (ours * gradient).sum().backward();
            optimizer.Step(0.01, 1);
            other.zero_grad();
            (theirs * gradient).sum().backward();
            _ = other.step();
        }

        Assert.InRange((ours.detach() - theirs.detach()).abs().max().to(ScalarType.Float64).item<double>(), 0, tolerance);
    }

    [Theory]
    [InlineData("model.layers.0.mamba.in_proj.weight", true)]
    [InlineData("model.embed_tokens.weight", true)]
    [InlineData("model.layers.0.moe.experts.0.up_proj.weight", true)]
    [InlineData("model.layers.0.mamba.x_proj.0.weight", true)]
    [InlineData("model.layers.0.mamba.A_log.0", false)]
    [InlineData("model.layers.0.mamba.D.0", false)]
    [InlineData("model.layers.0.mamba.dt_proj.0.bias", false)]
    [InlineData("model.layers.0.mamba.conv1d.weight", false)]
    [InlineData("model.layers.0.input_layernorm.weight", false)]
    [InlineData("model.layers.0.mamba.pre_avg_layernorm1.weight", false)]
    [InlineData("model.memory_tokens", false)]
    [InlineData("model.layers.0.mamba.in_proj.weight:lora_A", true)]
    [InlineData("model.layers.0.mamba.in_proj.weight:lora_magnitude_vector", false)]
    public void Matrices_decay_and_nothing_else(string name, bool decays) => Assert.Equal(decays, AdamW.Decays(name));

    [Fact]
    public void The_norm_of_a_gradient_with_a_nan_is_none()
    {
        Tensor parameter = zeros(3).requires_grad_();
        using AdamW optimizer = new([("a.weight", parameter)], 0.9, 0.95, 1e-8, 0);
        (parameter * tensor(new[] { 3f, 4f, 0f })).sum().backward();
        Assert.Equal(5, optimizer.GradientNorm(), 1e-6);
        (parameter * tensor(new[] { 0f, float.NaN, 0f })).sum().backward();
        Assert.False(double.IsFinite(optimizer.GradientNorm()));
    }
}
