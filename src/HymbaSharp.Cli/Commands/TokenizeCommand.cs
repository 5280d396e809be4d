using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using HymbaSharp.Cli.Options;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Cli.Commands;

/// <summary>Text to ids and back.</summary>
internal sealed class TokenizeCommand : ToolCommand
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ModelOption _model;
    private readonly TextSource _text;

    private readonly Option<bool> _special = new("--special", "--bos") { Description = "Put the token that begins a text (BOS) in front, as plain completion does." };
    private readonly Option<bool> _noSpecial = new("--no-special") { Description = "Add no tokens to those of the text. This is the default." };
    private readonly Option<bool> _noParse = new("--no-parse-special") { Description = "Take names of special tokens in the text, such as </s>, for plain text." };
    private readonly Option<bool> _pieces = new("--pieces") { Description = "Show each token on a line: its id and its piece of text (▁ is a space, <0x0A> a byte)." };
    private readonly Option<bool> _decode = new("--decode") { Description = "The other way: ids, separated by spaces or commas, to text." };
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Read a JSON array of texts and write a JSON array of arrays of ids; with --decode the other way. One line, for other programs.",
    };

    public TokenizeCommand(Terminal terminal) : base("tokenize", "Turns text into a model's token ids, or ids into text.", terminal)
    {
        _text = new TextSource(this, "The text, exactly as it stands.");
        _model = new ModelOption(this);
        foreach (Option option in (Option[])[_pieces, _special, _noSpecial, _noParse, _decode, _json])
            Add(option);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba tokenize -m nvidia/Hymba-1.5B-Instruct \"Hello world\"",
        "hymba tokenize --pieces -f letter.txt",
        "hymba tokenize --decode \"15043 3186\"",
        "echo '[\"Hello\", \"world\"]' | hymba tokenize --json",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (line.GetValue(_special) && line.GetValue(_noSpecial))
            throw new UsageException("--special and --no-special exclude each other.");
        if (line.GetValue(_pieces) && (line.GetValue(_json) || line.GetValue(_decode)))
            throw new UsageException("--pieces goes with neither --json nor --decode.");
        Tokenizer tokenizer = Tokenizer.Load(_model.Folder(line));
        bool addBos = line.GetValue(_special), parseSpecial = !line.GetValue(_noParse);
        if (addBos && tokenizer.BosId is null)
            throw new UsageException("--special was given; this tokenizer has no token that begins a text.");
        string text = await _text.ReadAsync(line, Terminal, cancellationToken);

        string result = (line.GetValue(_decode), line.GetValue(_json)) switch
        {
            (false, false) when line.GetValue(_pieces) => string.Join('\n', Encode(text).Select(id => $"{id,7}  {tokenizer.Piece(id)}")),
            (false, false) => string.Join(' ', Encode(text)),
            (true, false) => Decode(TokenIds.Parse(text, "the ids")),
            (false, true) => JsonSerializer.Serialize(FromJson<string>(text, "texts").Select(item => Encode(item)), Readable),
            (true, true) => JsonSerializer.Serialize(FromJson<int[]>(text, "arrays of ids").Select(Decode), Readable),
        };
        await Terminal.Output.WriteLineAsync(result);

        int[] Encode(string item) => tokenizer.Encode(item, addBos, parseSpecial);

        string Decode(int[] ids)
        {
            TokenIds.Check(ids, tokenizer.VocabularySize, "the ids");
            return tokenizer.Decode(ids);
        }
    }

    private static T[] FromJson<T>(string json, string expected) where T : class
    {
        try
        {
            if (JsonSerializer.Deserialize<T?[]>(json) is { } items && items.All(item => item is not null))
                return items!;
        }
        catch (JsonException error)
        {
            throw new UsageException($"The input is no JSON array of {expected}: {error.Message}");
        }
        throw new UsageException($"The input is no JSON array of {expected}: it holds null.");
    }
}
