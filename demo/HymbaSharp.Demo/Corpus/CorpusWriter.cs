using System.Text.Encodings.Web;
using System.Text.Json;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Corpus;

/// <summary>
/// Writes the corpus as lines of JSON, the same bytes on every machine: <c>pretrain.jsonl</c> (text), <c>sft.jsonl</c> (messages, tools, contexts),
/// <c>dpo.jsonl</c> (prompt, chosen, rejected, tools, contexts), <c>eval-SKILL.jsonl</c> (messages that end where the assistant is to speak, answer, measure, required,
/// tools, contexts) and <c>eval-dpo.jsonl</c>.
/// </summary>
internal sealed class CorpusWriter(CorpusOptions options)
{
    /// <summary>How lines are written: what needs no escape has none.</summary>
    public static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes all files into a folder, which is created where needed; files of the same names are replaced.</summary>
    public void Write(string folder)
    {
        _ = Directory.CreateDirectory(folder);
        WriteLines(folder, "pretrain", options.Documents, index =>
        {
            string text = new Pretraining(Dice("pretrain", index)).Document();
            return json => json.WriteString("text", text);
        });
        WriteLines(folder, "sft", options.Conversations, index =>
        {
            Dialogue dialogue = DialogueSource.DrawTraining(Dice("sft", index), options.Shares, options.Wordings);
            return json =>
            {
                WriteMessages(json, "messages", dialogue.Lines);
                WriteSurroundings(json, dialogue);
            };
        });
        WritePairs(folder, "dpo", options.Pairs, dice => DialogueSource.DrawTraining(dice, options.Shares, options.Wordings));
        foreach (Skill skill in Enum.GetValues<Skill>())
            WriteQuestions(folder, skill);
        WritePairs(folder, "eval-dpo", options.Questions, dice => DialogueSource.Draw((Skill)dice.Below(5), dice, Split.HeldOut));
    }

    /// <summary>Writes a pair's members into the object that was begun.</summary>
    public static void WritePair(Utf8JsonWriter json, PreferencePair pair)
    {
        WriteMessages(json, "prompt", pair.Prompt);
        WriteMessages(json, "chosen", [new Line("assistant", pair.Chosen)]);
        WriteMessages(json, "rejected", [new Line("assistant", pair.Rejected)]);
        WriteSurroundings(json, pair.Dialogue);
    }

    private Dice Dice(string stream, int index) => new(options.Seed, stream, index);

    private void WritePairs(string folder, string name, int count, Func<Dice, Dialogue> draw) =>
        WriteLines(folder, name, count, index =>
        {
            Dice dice = Dice(name, index);
            PreferencePair? pair;
            do
                pair = PreferencePair.Of(draw(dice), dice);
            while (pair is null);
            return json => WritePair(json, pair);
        });

    private void WriteQuestions(string folder, Skill skill)
    {
        IReadOnlyList<Measure> measures = Question.MeasuresOf(skill);
        string name = $"eval-{skill.ToString().ToLowerInvariant()}";
        WriteLines(folder, name, options.Questions, index =>
        {
            Question question = Question.Draw(measures[index % measures.Count], Dice(name, index));
            return json =>
            {
                WriteMessages(json, "messages", question.Prompt);
                json.WriteString("answer", question.Expected.Content);
                json.WriteString("measure", question.Expected.Measure.ToString());
                if (question.Expected.Required.Count > 0)
                {
                    json.WriteStartArray("required");
                    foreach (string text in question.Expected.Required)
                        json.WriteStringValue(text);
                    json.WriteEndArray();
                }
                WriteSurroundings(json, question.Dialogue);
            };
        });
    }

    private static void WriteLines(string folder, string name, int count, Func<int, Action<Utf8JsonWriter>> line)
    {
        using FileStream file = File.Create(Path.Combine(folder, $"{name}.jsonl"), 1 << 16);
        using Utf8JsonWriter json = new(file, Format);
        for (int i = 0; i < count; i++)
        {
            json.WriteStartObject();
            line(i)(json);
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            file.WriteByte((byte)'\n');
        }
    }

    private static void WriteMessages(Utf8JsonWriter json, string name, IReadOnlyList<Line> lines)
    {
        json.WriteStartArray(name);
        foreach (Line line in lines)
        {
            json.WriteStartObject();
            json.WriteString("role", line.Role);
            json.WriteString("content", line.Content);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteSurroundings(Utf8JsonWriter json, Dialogue dialogue)
    {
        if (dialogue.Tools.Count > 0)
        {
            json.WriteStartArray("tools");
            foreach (JsonElement tool in dialogue.Tools)
                tool.WriteTo(json);
            json.WriteEndArray();
        }
        if (dialogue.Contexts.Count > 0)
        {
            json.WriteStartArray("contexts");
            foreach (string context in dialogue.Contexts)
                json.WriteStringValue(context);
            json.WriteEndArray();
        }
    }
}
