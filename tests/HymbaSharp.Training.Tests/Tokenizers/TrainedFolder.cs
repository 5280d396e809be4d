using HymbaSharp.Tokenization;
using HymbaSharp.Training.Tokenizers;

namespace HymbaSharp.Training.Tests.Tokenizers;

/// <summary>A trained tokenizer as the engine opens it: from either of its two files, the other one being absent.</summary>
internal sealed class TrainedFolder : IDisposable
{
    public const int FirstLearned = 259;

    public TrainedFolder(TrainedTokenizer trained, string? chatTemplate = null)
    {
        trained.Save(Path, chatTemplate);
        Model = LoadWithout("tokenizer.json");
        Json = LoadWithout("tokenizer.model");
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("hymba-trained-").FullName;

    public Tokenizer Model { get; }

    public Tokenizer Json { get; }

    /// <summary>A vocabulary of all characters and just so many learned pieces.</summary>
    public static TrainedTokenizer Train(IEnumerable<string> texts, int learned, TokenizerTrainingOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new TokenizerTrainingOptions { VocabularySize = 1 };
        // The least size is what it says when it is given too little.
        string message = Assert.Throws<TokenizerTrainingException>(() => BytePairTrainer.Train(texts, options with { VocabularySize = 1 })).Message;
        int least = int.Parse(message.Split("at least ")[1].Split(',')[0]);
        return BytePairTrainer.Train(texts, options with { VocabularySize = least + learned }, progress, cancellationToken);
    }

    public static string[] Learned(TrainedTokenizer trained) => [.. trained.Pieces.Skip(FirstLearned).Take(trained.LearnedCount)];

    public static string[] Cut(Tokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(tokenizer.Piece)];

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private Tokenizer LoadWithout(string file)
    {
        string path = System.IO.Path.Combine(Path, file), aside = path + ".aside";
        File.Move(path, aside);
        try
        {
            return Tokenizer.Load(Path);
        }
        finally
        {
            File.Move(aside, path);
        }
    }
}
