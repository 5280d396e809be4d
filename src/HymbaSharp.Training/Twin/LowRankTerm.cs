using HymbaSharp.Training.Operations;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Twin;

/// <summary>
/// A low-rank update of a matrix W [out, in]: LoRA (arXiv 2106.09685), W + s·B·A; with a magnitude DoRA (arXiv 2402.09353),
/// m ⊙ (W + s·B·A) / ‖W + s·B·A‖, the norm taken of each row and, as in section 4.3 of the paper, not differentiated.
/// </summary>
internal sealed class LowRankTerm(Tensor a, Tensor b, Tensor? magnitude, double scale, double dropout) : IDisposable
{
    /// <summary>A [r, in].</summary>
    public Tensor A { get; } = a.DetachFromDisposeScope();

    /// <summary>B [out, r].</summary>
    public Tensor B { get; } = b.DetachFromDisposeScope();

    /// <summary>m [out], of DoRA.</summary>
    public Tensor? Magnitude { get; } = magnitude?.DetachFromDisposeScope();

    /// <summary>Whether dropout acts.</summary>
    public bool IsTraining { get; set; }

    /// <summary>The trained parts under PEFT's names.</summary>
    public IEnumerable<(string Name, Tensor Value)> Parts => Magnitude is null
        ? [("lora_A", A), ("lora_B", B)]
        : [("lora_A", A), ("lora_B", B), ("lora_magnitude_vector", Magnitude)];

    /// <summary>A new one for a matrix: A uniform as PEFT has it (Kaiming with √5, which is ±1/√in), B zero, the magnitude W's own.</summary>
    public static LowRankTerm Create(Tensor weight, int rank, double scale, double dropout, bool hasMagnitude, Generator random)
    {
        using IDisposable unrecorded = no_grad();
        (long rows, long columns) = (weight.shape[0], weight.shape[1]);
        double bound = 1 / Math.Sqrt(columns);
        // Drawn on the processor, so that every device begins alike.
        Tensor a = ((rand(rank, columns, generator: random) * 2) - 1).mul(bound).to(weight.dtype, weight.device);
        Tensor b = zeros(rows, rank, dtype: weight.dtype, device: weight.device);
        Tensor? magnitude = hasMagnitude ? RowNorms(weight) : null;
        return new LowRankTerm(a.requires_grad_(), b.requires_grad_(), magnitude?.requires_grad_(), scale, dropout);
    }

    /// <summary>x [R, in] through the updated matrix; see <see cref="TwinParameters.Project"/>.</summary>
    public Tensor[] Project(Tensor x, Tensor weight, Tensor? bias, long[] widths)
    {
        Tensor dropped = IsTraining && dropout > 0 ? nn.functional.dropout(x, dropout, training: true) : x;
        Tensor narrow = LinearOperation.Apply(dropped, A);
        Tensor[] whole = LinearOperation.Split(x, weight, null, widths), update = LinearOperation.Split(narrow, B, null, widths);
        Tensor[] results = [.. whole.Zip(update, (w, u) => w.add(u, alpha: scale))];
        if (Magnitude is not null)
        {
            Tensor[] factors = (Magnitude / UpdatedNorms(weight)).split(widths, dim: 0);
            results = [.. results.Zip(factors, (result, factor) => result * factor)];
        }
        return bias is null ? results : [.. results.Zip(bias.split(widths, dim: 0), (result, part) => result + part)];
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
        Magnitude?.Dispose();
    }

    private Tensor UpdatedNorms(Tensor weight)
    {
        using IDisposable unrecorded = no_grad();
        using var scope = NewDisposeScope();
        return RowNorms(weight + (scale * B.matmul(A))).MoveToOuterDisposeScope();
    }

    private static Tensor RowNorms(Tensor weight) => weight.square().sum(1).sqrt();
}
