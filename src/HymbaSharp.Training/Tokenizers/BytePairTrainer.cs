namespace HymbaSharp.Training.Tokenizers;

/// <summary>
/// Trains vocabularies of the Llama-2 kind: byte-pair encoding with byte fallback, spaces as ▁, pieces that cross no space. The same texts and
/// options give the same vocabulary, whatever the order of the texts: of equally frequent pairs the one that makes the shorter piece
/// is joined first, then the one whose piece is the lower by UTF-16 units.
/// </summary>
public static class BytePairTrainer
{
    /// <summary>
    /// Trains a vocabulary. Memory holds the different words of the texts, some tens of bytes for each of their characters, and one text at a time.
    /// </summary>
    /// <param name="texts">The corpus, read once. A text is what the tokenizer will be given at a time: a document, not a line of one.</param>
    /// <param name="options">What vocabulary to train.</param>
    /// <param name="progress">The share of the pieces that are learned, 0 to 1; nothing is reported while the texts are read.</param>
    /// <param name="cancellationToken">Ends the training between two texts or two pieces.</param>
    /// <exception cref="TokenizerTrainingException">
    /// An option is out of its range, the corpus is empty, or the vocabulary is too small for its characters or larger than it supports.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static TrainedTokenizer Train(
        IEnumerable<string> texts, TokenizerTrainingOptions options, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();

        var words = new WordCounts(options);
        foreach (string text in texts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            words.Add(text);
        }
        if (words.Words.Count == 0)
            throw new TokenizerTrainingException("The corpus is empty; allowed: texts with at least one character outside special tokens and symbols.");

        var alphabet = new Alphabet(words, options.CharacterCoverage);
        int added = options.Symbols.Count + (options.AddPadToken ? 1 : 0);
        int least = TokenIds.FirstLearned + alphabet.Characters.Count + added;
        int wanted = options.VocabularySize - least;
        if (wanted < 0)
        {
            throw new TokenizerTrainingException(
                $"VocabularySize is {options.VocabularySize}; allowed: at least {least}, for {TokenIds.FirstLearned} special and byte tokens, {alphabet.Characters.Count} characters and {added} added tokens.");
        }

        var learner = new MergeLearner(words, alphabet, options);
        List<Merge> merges = learner.Learn(wanted, progress, cancellationToken);
        if (merges.Count < wanted)
        {
            throw new TokenizerTrainingException(
                $"VocabularySize is {options.VocabularySize}; allowed: at most {least + merges.Count}, as the corpus has no further pair of pieces that occurs {options.MinPairFrequency} times and joins to at most {options.MaxPieceLength} characters.");
        }
        return new TrainedTokenizer(
            options, merges, alphabet.Characters,
            corpusCharacters: alphabet.Occurrences - words.Stretches + words.AddedCharacters,
            corpusTokens: alphabet.Tokens - learner.Joins + words.AddedTokens);
    }
}
