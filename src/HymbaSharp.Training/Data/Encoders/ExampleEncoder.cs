using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data.Encoders;

/// <summary>Makes examples of conversations and texts.</summary>
internal sealed class ExampleEncoder(Tokenizer tokenizer, ChatTemplate? template, int endOfText) : IRecordEncoder<TrainingExample>
{
    private readonly TextEncoder _texts = new(tokenizer, endOfText);
    private readonly ConversationEncoder? _conversations = template is null ? null : new ConversationEncoder(tokenizer, template, endOfText);

    public IReadOnlyList<DataFormat> Formats { get; } = [DataFormat.Messages, DataFormat.TextLines, DataFormat.LmFlow, DataFormat.PlainText];

    public EncodedRecord<TrainingExample> Encode(ReadOnlySpan<byte> record, DataFormat format)
    {
        if (format == DataFormat.PlainText)
            return new(_texts.Document(DocumentScanner.Text(record)), IsText: true, []);
        JsonRecord json = JsonRecord.Parse(record);
        bool isText = format == DataFormat.TextLines || (format == DataFormat.LmFlow && json.Value("text") is not null);
        TrainingExample example = isText
            ? _texts.Document(ConversationReader.NotEmpty(json.RequiredText("text"), "text"))
            : (_conversations ?? throw new TrainingDataException("conversations need a chat template, and the checkpoint has none.")).Encode(ConversationReader.Read(json), onlyLast: false);
        return new(example, isText, [.. json.Unread]);
    }

    public IReadOnlyList<TrainingExample> Sequences(TrainingExample example) => [example];

    public TrainingExample? Cut(TrainingExample example, int first, int count) => example.Cut(first, count) is { LearnedCount: > 0 } cut ? cut : null;
}
