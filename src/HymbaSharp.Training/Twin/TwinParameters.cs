using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Training.Operations;

using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace HymbaSharp.Training.Twin;

/// <summary>A model's weights under the checkpoint's names, and the low-rank updates beside them.</summary>
internal sealed class TwinParameters : IDisposable
{
    private readonly Dictionary<string, Tensor> _weights;
    private readonly Dictionary<string, LowRankTerm> _terms = [];
    private readonly bool _ownsWeights = true;

    /// <summary>Takes weights over; all are frozen until <see cref="Train"/>.</summary>
    public TwinParameters(IEnumerable<(string Name, Tensor Value)> weights)
    {
        _weights = weights.ToDictionary(weight => weight.Name, weight => weight.Value.DetachFromDisposeScope());
        Tensor first = _weights.Values.First();
        (Type, Device) = (first.dtype, first.device);
    }

    private TwinParameters(TwinParameters other)
    {
        (_weights, _ownsWeights) = (other._weights, false);
        (Type, Device) = (other.Type, other.Device);
    }

    /// <summary>The type they are computed in.</summary>
    public ScalarType Type { get; }

    /// <summary>Where they lie.</summary>
    public Device Device { get; }

    /// <summary>The names of all weights, in model order.</summary>
    public IEnumerable<string> Names => _weights.Keys;

    /// <summary>The low-rank updates by the name of the weight they belong to.</summary>
    public IReadOnlyDictionary<string, LowRankTerm> Terms => _terms;

    /// <summary>What is trained: weights under their names, low-rank updates under the weight's name and a part's.</summary>
    public IEnumerable<(string Name, Tensor Value)> Trained => _weights.Select(weight => (weight.Key, weight.Value))
        .Concat(_terms.SelectMany(term => term.Value.Parts.Select(part => ($"{term.Key}:{part.Name}", part.Value))))
        .Where(parameter => parameter.Item2.requires_grad);

    /// <summary>A weight.</summary>
    public Tensor this[string name] => _weights[name];

    /// <summary>Reads a checkpoint's weights.</summary>
    /// <exception cref="CheckpointException">A tensor is missing or has another shape.</exception>
    public static TwinParameters Load(Checkpoint checkpoint, HymbaConfig config, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        using IDisposable unrecorded = no_grad();
        return new(TensorNames.Expected(config).Select(tensor => (tensor.Name, Read(checkpoint.Get(tensor.Name, tensor.Shape)).to(type, device ?? CPU))));
    }

    /// <summary>Marks the weights that are to be trained.</summary>
    public void Train(Func<string, bool> isTrained)
    {
        foreach ((string name, Tensor value) in _weights)
            value.requires_grad = isTrained(name);
    }

    /// <summary>Puts a low-rank update beside a matrix.</summary>
    public void Add(string weight, LowRankTerm term) => _terms.Add(weight, term);

    /// <summary>The same weights without low-rank updates; they stay this one's.</summary>
    public TwinParameters WithoutTerms() => new(this);

    /// <summary>x through a matrix [out, in], its low-rank update and bias; the result's columns in parts of the widths given.</summary>
    public Tensor[] Project(string weight, string? bias, Tensor x, params long[] widths)
    {
        Tensor? added = bias is null ? null : this[bias];
        if (!_terms.TryGetValue(weight, out LowRankTerm? term))
            return LinearOperation.Split(x, this[weight], added, widths);
        return term.Project(x, this[weight], added, widths);
    }

    /// <summary>Widens into the tensor's own memory: a large model's weights are in memory once.</summary>
    private static Tensor Read(HymbaSharp.Checkpoints.Tensor stored)
    {
        Tensor values = empty(stored.Shape.AsSpan().ToArray());
        stored.CopySingles(0, values.Span());
        return values;
    }

    public void Dispose()
    {
        foreach (Tensor weight in _weights.Values.Where(_ => _ownsWeights))
            weight.Dispose();
        foreach (LowRankTerm term in _terms.Values)
            term.Dispose();
    }
}
