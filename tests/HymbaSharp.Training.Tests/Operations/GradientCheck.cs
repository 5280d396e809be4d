using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests.Operations;

/// <summary>Holds gradients against differences, in float64.</summary>
internal static class GradientCheck
{
    private const double Step = 1e-6;

    /// <summary>Random leaves of the shapes.</summary>
    public static Tensor[] Leaves(long seed, params long[][] shapes)
    {
        using Generator random = new((ulong)seed, CPU);
        return [.. shapes.Select(shape => randn(shape, dtype: ScalarType.Float64, generator: random).requires_grad_())];
    }

    /// <summary>Requires that the gradient of every element of every input is the central difference of a random projection of the result.</summary>
    public static void Require(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        using var scope = NewDisposeScope();
        Tensor result = function(inputs);
        using Generator random = new(7, CPU);
        Tensor projection = randn(result.shape, dtype: ScalarType.Float64, generator: random);
        (result * projection).sum().backward();
        using IDisposable unrecorded = no_grad();
        foreach ((int number, Tensor input) in inputs.Index())
        {
            Tensor flat = input.view(-1), gradient = input.grad!.contiguous().view(-1);
            for (long i = 0; i < flat.numel(); i++)
            {
                double value = flat[i].item<double>();
                double above = At(value + Step), below = At(value - Step), found = gradient[i].item<double>(), expected = (above - below) / (2 * Step);
                flat[i] = value;
                Assert.True(Math.Abs(found - expected) <= 1e-7 + (1e-6 * Math.Abs(expected)), $"input {number}, element {i}: {found}, by differences {expected}");

                double At(double moved)
                {
                    using var inner = NewDisposeScope();
                    flat[i] = moved;
                    return (function(inputs) * projection).sum().item<double>();
                }
            }
        }
    }

    /// <summary>Requires equal values and gradients of two ways to compute the same.</summary>
    public static void RequireSame(Func<Tensor[], Tensor> left, Func<Tensor[], Tensor> right, double tolerance, params Tensor[] inputs)
    {
        using var scope = NewDisposeScope();
        (Tensor expected, Tensor[] expectedGradients) = Run(left, inputs);
        (Tensor actual, Tensor[] actualGradients) = Run(right, inputs);
        Assert.True(Distance(actual, expected) <= tolerance, $"values: {Distance(actual, expected)}");
        foreach ((int i, Tensor gradient) in actualGradients.Index())
            Assert.True(Distance(gradient, expectedGradients[i]) <= tolerance, $"gradient of input {i}: {Distance(gradient, expectedGradients[i])}");
    }

    private static (Tensor Result, Tensor[] Gradients) Run(Func<Tensor[], Tensor> function, Tensor[] inputs)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.detach().clone().requires_grad_())];
        Tensor result = function(leaves);
        using Generator random = new(7, CPU);
        Tensor projection = randn(result.shape, dtype: ScalarType.Float64, generator: random).to(result.dtype);
        (result * projection).sum().backward();
        return (result.detach(), [.. leaves.Select(leaf => leaf.grad!)]);
    }

    private static double Distance(Tensor actual, Tensor expected)
    {
        Tensor reference = expected.to(ScalarType.Float64);
        return ((actual.to(ScalarType.Float64) - reference).norm() / (reference.norm() + 1e-30)).item<double>();
    }
}
