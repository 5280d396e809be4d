using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data.Encoders;

namespace HymbaSharp.Training.Data;

/// <summary>Pairs of replies to train preferences on: the format Preference.</summary>
public static class PreferenceSet
{
    /// <inheritdoc cref="ExampleSet.Open"/>
    public static TrainingSet<PreferencePair> Open(
        DataOptions options, Tokenizer tokenizer, ChatTemplate? template, IProgress<double>? progress = null, CancellationToken cancellationToken = default) =>
        new IndexBuilder<PreferencePair>(options, new PreferenceEncoder(tokenizer, template, ExampleSet.EndOfText(options, tokenizer)), progress, cancellationToken).Build();
}
