using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data.Encoders;

namespace HymbaSharp.Training.Data;

/// <summary>Conversations and texts to train on: formats Messages, LmFlow, TextLines and PlainText.</summary>
public static class ExampleSet
{
    /// <summary>Reads, checks and counts all data; keeps where each example lies.</summary>
    /// <param name="options">The files and what becomes of what doesn't fit.</param>
    /// <param name="tokenizer">The checkpoint's tokenizer.</param>
    /// <param name="template">The checkpoint's chat template; conversations need it, texts don't.</param>
    /// <param name="progress">Told the share of all bytes that is done, 0 to 1.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="TrainingDataException">The data can't be trained on; the message lists files, lines and reasons.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TrainingSet<TrainingExample> Open(
        DataOptions options, Tokenizer tokenizer, ChatTemplate? template, IProgress<double>? progress = null, CancellationToken cancellationToken = default) =>
        new IndexBuilder<TrainingExample>(options, new ExampleEncoder(tokenizer, template, EndOfText(options, tokenizer)), progress, cancellationToken).Build();

    /// <summary>Checks the options and says which token ends a text.</summary>
    internal static int EndOfText(DataOptions options, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(tokenizer);
        options.Validate(tokenizer.VocabularySize);
        return options.EndOfTextId ?? tokenizer.EosId ?? throw new TrainingDataException("The tokenizer has no EOS, so that no end of a text can be learned; name the token that ends one.");
    }
}
