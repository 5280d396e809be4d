using System.CommandLine;
using HymbaSharp.Chat;
using HymbaSharp.CommandLine;
using HymbaSharp.Training.Data;
using HymbaSharp.Training.Tokenizers;

namespace HymbaSharp.Training.Commands;

/// <summary>A new vocabulary.</summary>
internal sealed class TokenizerCommand : ToolCommand
{
    private readonly Argument<string[]> _files = new("FILES") { Description = "Texts and conversations, in any format that 'run' reads but pairs.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _output = new("--output", "-o") { Description = "The folder that the tokenizer's files go to.", HelpName = "FOLDER", Required = true };
    private readonly Option<int?> _size = NumberOption.Of<int>("--vocab-size", "Tokens in all: 3 special ones, 256 bytes, characters, learned pieces, symbols. Default: 32000.");
    private readonly Option<string?> _template = new("--chat-template") { Description = "A Jinja file: how conversations are rendered, and the template of the new tokenizer.", HelpName = "FILE" };
    private readonly Option<string[]> _symbols = new("--symbol") { Description = "A text that is always one token, such as a role marker; may be given several times.", HelpName = "TEXT", DefaultValueFactory = _ => [] };
    private readonly Option<int?> _longest = NumberOption.Of<int>("--max-piece-length", $"The longest piece in characters, 1 to {TokenizerTrainingOptions.LongestPiece}. Default: 16.");
    private readonly Option<double?> _coverage = NumberOption.Of<double>("--character-coverage", "The share of characters that get a piece of their own, above 0, at most 1; the others are bytes. Default: 1.");
    private readonly Option<bool> _joinDigits = new("--join-digits") { Description = "Let pieces hold several digits. Default: each digit is one." };
    private readonly Option<bool> _splitPunctuation = new("--split-punctuation") { Description = "Let no piece hold letters and punctuation together: a word then has the same pieces in a sentence and in quotes." };
    private readonly Option<bool> _splitCapitals = new("--split-capitals") { Description = "Let the space before a capital letter be a piece of its own: a name then has the same pieces wherever it stands." };
    private readonly Option<bool> _pad = new("--pad-token") { Description = "Add the special token [PAD]." };

    public TokenizerCommand(Terminal terminal) : base("tokenizer", "Trains a byte-pair vocabulary with byte fallback on data files and writes tokenizer.model and tokenizer.json.", terminal)
    {
        Add(_files);
        foreach (Option option in (Option[])[_output, _size, _template, _symbols, _longest, _coverage, _joinDigits, _splitPunctuation, _splitCapitals, _pad])
            Add(option);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba-train tokenizer corpus.txt --vocab-size 8000 -o tokenizer",
        "hymba-train tokenizer texts.jsonl chats.jsonl --chat-template template.jinja --symbol '<extra_id_0>' --symbol '<extra_id_1>' -o tokenizer",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string? source = line.GetValue(_template) is { } file ? await File.ReadAllTextAsync(file, cancellationToken) : null;
        ChatTemplate? template = source is null ? null : ChatTemplate.Parse(source);
        TokenizerTrainingOptions defaults = new() { VocabularySize = line.GetValue(_size) ?? 32_000 };
        TokenizerTrainingOptions options = defaults with
        {
            MaxPieceLength = line.GetValue(_longest) ?? defaults.MaxPieceLength,
            CharacterCoverage = line.GetValue(_coverage) ?? defaults.CharacterCoverage,
            SplitDigits = !line.GetValue(_joinDigits),
            SplitCapitals = line.GetValue(_splitCapitals),
            SplitPunctuation = line.GetValue(_splitPunctuation),
            Symbols = line.GetValue(_symbols)!,
            AddPadToken = line.GetValue(_pad),
        };
        string folder = line.GetRequiredValue(_output);
        TrainedTokenizer trained = await ProgressBar.RunAsync(Terminal.ErrorConsole, "Learning pieces", report => Task.Run(
            () => BytePairTrainer.Train(
                CorpusTexts.Read(line.GetRequiredValue(_files), template), options, new ImmediateProgress<double>(done => report(done, "")), cancellationToken),
            cancellationToken));
        trained.Save(folder, source);
        await Terminal.Error.WriteLineAsync(
            $"{folder}: {trained.VocabularySize} tokens; {trained.CorpusCharacters:N0} characters are {trained.CorpusTokens:N0} tokens, {(double)trained.CorpusCharacters / trained.CorpusTokens:0.00} characters each.");
    }
}
