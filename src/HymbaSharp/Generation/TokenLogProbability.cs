namespace HymbaSharp.Generation;

/// <summary>A token and the natural logarithm of its probability.</summary>
/// <param name="Token">The token's id.</param>
/// <param name="LogProbability">At most 0; negative infinity for a token the model excludes.</param>
public readonly record struct TokenLogProbability(int Token, double LogProbability);

/// <summary>
/// The log-probability of a generated token and of the most probable tokens in its place. They are the log-softmax of the model's own
/// logits: temperature, penalties, biases and filters have no part in them.
/// </summary>
/// <param name="Chosen">The generated token.</param>
/// <param name="Top">
/// The most probable tokens, most probable first, equals by ascending id; as many as <see cref="GenerationOptions.LogProbabilities"/> asks
/// for, fewer where fewer are possible. The generated token is among them only if it is as probable.
/// </param>
public sealed record TokenLogProbabilities(TokenLogProbability Chosen, IReadOnlyList<TokenLogProbability> Top);
