using HymbaSharp.Chat;
using HymbaSharp.Training.Data.Encoders;
using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data;

/// <summary>The texts of data files as a tokenizer is trained on them: plain ones as they are, conversations as the chat template renders them.</summary>
public static class CorpusTexts
{
    private static readonly DataFormat[] Formats = [DataFormat.Messages, DataFormat.TextLines, DataFormat.LmFlow, DataFormat.PlainText];

    /// <summary>All texts, file after file.</summary>
    /// <param name="paths">The files, of any format but pairs.</param>
    /// <param name="template">Needed for conversations.</param>
    /// <param name="progress">Told the share of all bytes that is read, 0 to 1.</param>
    /// <exception cref="TrainingDataException">A file can't be read, or a record in it; the message names the line.</exception>
    public static IEnumerable<string> Read(IReadOnlyList<string> paths, ChatTemplate? template, IProgress<double>? progress = null)
    {
        RecordFile[] files = [.. paths.Select(path => RecordFile.Open(path, null, Formats))];
        double bytes = files.Sum(file => file.Bytes), before = 0;
        foreach (RecordFile file in files)
        {
            foreach (RawRecord record in file.Scan(documentSeparator: null))
            {
                yield return Text(file, record, template);
                progress?.Report((before + record.Offset + record.Length) / bytes);
            }
            before += file.Bytes;
        }
    }

    private static string Text(RecordFile file, RawRecord record, ChatTemplate? template)
    {
        try
        {
            byte[] bytes = record.Bytes ?? throw new TrainingDataException($"{file.Path}:{record.Line}: longer than {RawRecord.MaxBytes} bytes.");
            if (file.Format == DataFormat.PlainText)
                return DocumentScanner.Text(bytes);
            JsonRecord json = JsonRecord.Parse(bytes);
            if (json.Value("text") is not null)
                return json.RequiredText("text");
            ConversationRecord conversation = ConversationReader.Read(json);
            if (template is null)
                throw new TrainingDataException($"{file.Path}: holds conversations, which need a chat template.");
            return template.Render(new ChatTemplateInput
            {
                Messages = [.. conversation.Messages.Select(message => CallText.Message(message, asField: false))],
                Tools = conversation.Tools,
                Contexts = conversation.Contexts,
            });
        }
        catch (Exception error) when (error is BadRecordException or ChatTemplateException)
        {
            throw new TrainingDataException($"{file.Path}:{record.Line}: {error.Message}", error);
        }
    }
}
