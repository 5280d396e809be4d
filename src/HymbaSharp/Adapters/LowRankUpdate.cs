using HymbaSharp.Weights;

namespace HymbaSharp.Adapters;

/// <summary>What an adapter does to a matrix W: W + Scale·B·A, and with magnitudes m (DoRA) each row of that brought to length m.</summary>
/// <param name="Down">A [r, in].</param>
/// <param name="Up">B [out, r].</param>
/// <param name="Scale">The user's scale times the adapter's own scaling.</param>
/// <param name="Magnitudes">m [out], or null.</param>
internal sealed record LowRankUpdate(WeightMatrix Down, WeightMatrix Up, double Scale, float[]? Magnitudes);
