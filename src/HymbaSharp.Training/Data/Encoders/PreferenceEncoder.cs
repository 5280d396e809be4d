using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data.Encoders;

/// <summary>Makes pairs of preference records.</summary>
internal sealed class PreferenceEncoder(Tokenizer tokenizer, ChatTemplate? template, int endOfText) : IRecordEncoder<PreferencePair>
{
    private readonly TextEncoder _texts = new(tokenizer, endOfText);
    private readonly ConversationEncoder? _conversations = template is null ? null : new ConversationEncoder(tokenizer, template, endOfText);

    public IReadOnlyList<DataFormat> Formats { get; } = [DataFormat.Preference];

    public EncodedRecord<PreferencePair> Encode(ReadOnlySpan<byte> record, DataFormat format)
    {
        JsonRecord json = JsonRecord.Parse(record);
        PreferencePair pair = PreferenceReader.Read(json) switch
        {
            PreferenceRecord.Texts texts => new(_texts.Continuation(texts.Prompt, texts.Chosen), _texts.Continuation(texts.Prompt, texts.Rejected)),
            PreferenceRecord.Conversations both => Encode(both, _conversations ?? throw new TrainingDataException("messages need a chat template, and the checkpoint has none.")),
            { } other => throw new InvalidOperationException($"{other.GetType()} is not known here."),
        };
        return Differ(pair)
            ? new(pair, IsText: false, [.. json.Unread])
            : throw new BadRecordException(BadRecordException.NoPreference, "chosen and rejected are equal as tokens, so neither can be preferred");
    }

    public IReadOnlyList<TrainingExample> Sequences(PreferencePair example) => [example.Chosen, example.Rejected];

    public PreferencePair? Cut(PreferencePair example, int first, int count)
    {
        PreferencePair cut = new(example.Chosen.Cut(first, count), example.Rejected.Cut(first, count));
        return cut.Chosen.LearnedCount > 0 && cut.Rejected.LearnedCount > 0 && Differ(cut) ? cut : null;
    }

    private static PreferencePair Encode(PreferenceRecord.Conversations both, ConversationEncoder conversations) =>
        new(conversations.Encode(both.Chosen, onlyLast: true), conversations.Encode(both.Rejected, onlyLast: true));

    private static bool Differ(PreferencePair pair) => !pair.Chosen.Tokens.AsSpan().SequenceEqual(pair.Rejected.Tokens);
}
