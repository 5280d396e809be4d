using HymbaSharp.Training.Operations;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Twin;

/// <summary>A layer that keeps only what enters it, and is computed again when its gradients are wanted (arXiv 1604.06174).</summary>
internal sealed class LayerCheckpoint(HymbaTwin twin, int layer, RowBatch batch, RotaryAngles angles) : Operation
{
    private Tensor[] _inputs = [];

    /// <summary>Runs a layer. The parameters' gradients are added to them while the backward pass recomputes.</summary>
    public static Tensor Run(HymbaTwin twin, int layer, Tensor x, RowBatch batch, RotaryAngles angles, Dictionary<int, (Tensor K, Tensor V)> cache)
    {
        int owner = twin.Config.KeyValueOwners[layer];
        Tensor[] inputs = owner == layer ? [x] : [x, cache[owner].K, cache[owner].V];
        // Where only parameters are trained, nothing that enters asks for gradients yet.
        if (!x.requires_grad && is_grad_enabled())
            inputs[0] = x.detach().requires_grad_();
        Tensor[] results = new LayerCheckpoint(twin, layer, batch, angles).Invoke(inputs);
        if (owner == layer)
            cache[layer] = (results[1], results[2]);
        return results[0];
    }

    protected internal override Tensor[] Forward(Tensor[] inputs)
    {
        _inputs = [.. inputs.Select(Keep)];
        return Compute(inputs);
    }

    protected internal override Tensor?[] Backward(Tensor[] gradients)
    {
        using IDisposable recorded = enable_grad();
        Tensor[] inputs = [.. _inputs.Select(input => input.detach().requires_grad_())];
        Tensor[] results = Compute(inputs);
        autograd.backward(results, gradients);
        return [.. inputs.Select(input => input.grad)];
    }

    private Tensor[] Compute(Tensor[] inputs)
    {
        int owner = twin.Config.KeyValueOwners[layer];
        Dictionary<int, (Tensor K, Tensor V)> cache = [];
        if (owner != layer)
            cache[owner] = (inputs[1], inputs[2]);
        Tensor x = twin.Layer(layer, inputs[0], batch, angles, cache);
        return owner == layer ? [x, cache[layer].K, cache[layer].V] : [x];
    }
}
