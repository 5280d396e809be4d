using TorchSharp;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>
/// A differentiable operation on kernels of our own. An instance serves one use: it keeps what its backward pass needs, and lets go of it there.
/// Both passes run without recording; tensors made in them must be contiguous.
/// </summary>
internal abstract class Operation
{
    private readonly List<Tensor> _kept = [];
    private bool[] _needed = [];

    /// <summary>Whether a backward pass may follow.</summary>
    private bool Records => _needed.Contains(true);

    /// <summary>Computes, and records the operation where an input needs gradients.</summary>
    public Tensor[] Invoke(params Tensor[] inputs)
    {
        _needed = is_grad_enabled() ? [.. inputs.Select(input => input.requires_grad)] : [];
        if (Records)
            return [.. OperationFunction.apply([this, .. inputs])];
        using IDisposable unrecorded = no_grad();
        lock (CpuTensors.Gate)
            return Forward(inputs);
    }

    /// <summary>The results.</summary>
    protected internal abstract Tensor[] Forward(Tensor[] inputs);

    /// <summary>The gradients of the inputs, in their order, from those of the results; null where an input has none.</summary>
    protected internal abstract Tensor?[] Backward(Tensor[] gradients);

    /// <summary>Whether the gradient of an input is wanted.</summary>
    protected bool Needs(int input) => _needed.Length > input && _needed[input];

    /// <summary>What the results are like.</summary>
    internal IReadOnlyList<(long[] Shape, ScalarType Type, Device Device)> Results { get; set; } = [];

    /// <summary>The gradient of a result, contiguous; zeros for a result that nothing depends on.</summary>
    internal Tensor Whole(Tensor? gradient, int result) => gradient is { IsInvalid: false }
        ? gradient.contiguous()
        : zeros(Results[result].Shape, dtype: Results[result].Type, device: Results[result].Device);

    /// <summary>Frees what was kept.</summary>
    internal void Release()
    {
        _kept.ForEach(tensor => tensor.Dispose());
        _kept.Clear();
    }

    /// <summary>Keeps a tensor for the backward pass, where one may follow; the tensor returned is to be used there.</summary>
    protected Tensor Keep(Tensor tensor)
    {
        if (!Records)
            return tensor;
        Tensor kept = tensor.detach().DetachFromDisposeScope()!;
        _kept.Add(kept);
        return kept;
    }
}

/// <summary>Ties operations into the graph of gradients.</summary>
internal sealed class OperationFunction : autograd.MultiTensorFunction<OperationFunction>
{
    [ThreadStatic]
    private static List<Tensor>? _returned;

    public override string Name => nameof(Operation);

    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Operation operation = (Operation)vars[0];
        ctx.save_data(nameof(Operation), operation);
        // The library would make zeros like results that may be gone by then.
        ctx.set_materialize_grads(false);
        using IDisposable unrecorded = no_grad();
        lock (CpuTensors.Gate)
        {
            Tensor[] results = OperationProfile.Measure(operation, "forward", () => operation.Forward([.. vars.Skip(1).Cast<Tensor>()]));
            operation.Results = [.. results.Select(result => (result.shape, result.dtype, result.device))];
            return [.. results];
        }
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        Operation operation = (Operation)ctx.get_data(nameof(Operation));
        using IDisposable unrecorded = no_grad();
        lock (CpuTensors.Gate)
        {
            // What was returned before is the library's by now; this side would hold it until the step ends.
            List<Tensor> returned = _returned ??= [];
            returned.ForEach(tensor => tensor.Dispose());
            returned.Clear();
            using DisposeScope scope = NewDisposeScope();
            Tensor?[] gradients = OperationProfile.Measure(operation, "backward", () => operation.Backward([.. grad_outputs.Select(operation.Whole)]));
            operation.Release();
            foreach (Tensor? gradient in gradients)
            {
                if (gradient is not null)
                    returned.Add(gradient.DetachFromDisposeScope());
            }
            return [null!, .. gradients.Select(gradient => gradient!)];
        }
    }
}
