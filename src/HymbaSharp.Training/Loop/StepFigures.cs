namespace HymbaSharp.Training.Loop;

/// <summary>What a step came to.</summary>
/// <param name="Loss">Mean loss.</param>
/// <param name="GradientNorm">Norm of all gradients before clipping.</param>
/// <param name="Tokens">Tokens of the step.</param>
/// <param name="Operations">Operations the model needed, <see cref="ModelFlops"/>.</param>
/// <param name="Figures">Means of the objective's other figures.</param>
internal sealed record StepFigures(double Loss, double GradientNorm, int Tokens, double Operations, IReadOnlyDictionary<string, double> Figures)
{
    /// <summary>Whether loss and gradient are numbers.</summary>
    public bool IsFinite => double.IsFinite(Loss) && double.IsFinite(GradientNorm);
}
