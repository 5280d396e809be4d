using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data.Records;

namespace HymbaSharp.Training.Data.Encoders;

/// <summary>
/// Renders a conversation by the chat template, marks what the assistant has to write, and encodes it as <see cref="Conversation"/> does at inference.
/// A turn is what the rendering up to its message has beyond the prompt for it, and the end of it: the EOS that the template writes, else
/// the marker that opens the next turn, else, of the last turn, an EOS that is added.
/// </summary>
internal sealed class ConversationEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly StretchEncoder _stretches;
    private readonly ChatTemplate _template;
    private readonly int _endOfText;
    private readonly bool _readsCalls;
    private readonly ChatTemplateInput _input;

    public ConversationEncoder(Tokenizer tokenizer, ChatTemplate template, int endOfText)
    {
        _tokenizer = tokenizer;
        _stretches = new StretchEncoder(tokenizer);
        _template = template;
        _endOfText = endOfText;
        _input = new ChatTemplateInput
        {
            Messages = [],
            BosToken = tokenizer.BosId is { } bos ? tokenizer.Piece(bos) : null,
            EosToken = tokenizer.EosId is { } eos ? tokenizer.Piece(eos) : null,
            SpecialTokens = [.. tokenizer.SpecialTokens.Keys.Where(token => token.Length >= 3 && !token.Any(char.IsWhiteSpace))],
            Clock = StoppedClock.Instance,
        };
        _readsCalls = ReadsCalls();
    }

    /// <param name="conversation">Its last message is the assistant's.</param>
    /// <param name="onlyLast">Whether only that one is learned.</param>
    /// <exception cref="BadRecordException">The template refuses it, or no token is learned.</exception>
    /// <exception cref="TrainingDataException">The template can't mark turns.</exception>
    public TrainingExample Encode(ConversationRecord conversation, bool onlyLast)
    {
        ChatMessage[] messages = [.. conversation.Messages.Select(message => CallText.Message(message, _readsCalls))];
        ChatTemplateInput input = _input with { Tools = conversation.Tools, Contexts = conversation.Contexts };
        string text = Render(input, messages, isPrompt: false);
        List<Turn> turns = [];
        foreach ((int i, MessageRecord message) in conversation.Messages.Index())
        {
            if (message.Role == "assistant")
                turns.Add(FindTurn(input, messages, i, text, message.IsLearned && (!onlyLast || i == messages.Length - 1)));
        }
        (int[] ids, int[] ends) = _stretches.Encode(text, [.. turns.SelectMany(turn => (int[])[turn.Start, turn.End, turn.MarkerEnd])], addBos: false);
        return Mark(ids, ends, turns);
    }

    private Turn FindTurn(ChatTemplateInput input, ChatMessage[] messages, int index, string text, bool isLearned)
    {
        string prompt = Render(input, messages[..index], isPrompt: true);
        string reply = index == messages.Length - 1 ? text : Render(input, messages[..(index + 1)], isPrompt: false);
        CheckBeginning(prompt, text, index, "the prompt for");
        CheckBeginning(reply, text, index, "the conversation up to");
        if (reply.Length <= prompt.Length)
            throw Unstable(index, "it writes nothing for its text");
        bool endsAtMarker = text.AsSpan(reply.Length).StartsWith(TurnMarkers.Turn);
        return new Turn(prompt.Length, reply.Length, endsAtMarker ? reply.Length + TurnMarkers.Turn.Length : reply.Length, isLearned);
    }

    private TrainingExample Mark(int[] ids, int[] ends, List<Turn> turns)
    {
        bool[] learned = new bool[ids.Length];
        bool endIsMissing = false;
        foreach ((int i, Turn turn) in turns.Index())
        {
            (int start, int end, int markerEnd) = (ends[3 * i], ends[(3 * i) + 1], ends[(3 * i) + 2]);
            int endOfText = ids.AsSpan(start, end - start).IndexOf(_endOfText);
            // What the template writes after its EOS is never generated.
            int learnedEnd = endOfText >= 0 ? start + endOfText + 1 : markerEnd;
            if (turn.IsLearned)
                learned.AsSpan(start, learnedEnd - start).Fill(true);
            endIsMissing = endOfText < 0;
        }
        if (endIsMissing)
        {
            ids = [.. ids, _endOfText];
            learned = [.. learned, turns[^1].IsLearned];
        }
        learned[0] = false;
        TrainingExample example = new(ids, learned);
        return example.LearnedCount > 0 ? example : throw new BadRecordException(BadRecordException.NothingLearned, "every message of the assistant has the weight 0");
    }

    private string Render(ChatTemplateInput input, ChatMessage[] messages, bool isPrompt)
    {
        try
        {
            return _template.Render(input with { Messages = messages, AddGenerationPrompt = isPrompt });
        }
        catch (ChatTemplateException error)
        {
            throw new BadRecordException(BadRecordException.Template, error.Message);
        }
    }

    private static void CheckBeginning(string beginning, string text, int index, string what)
    {
        int common = beginning.AsSpan().CommonPrefixLength(text);
        if (common < beginning.Length)
            throw Unstable(index, $"{what} it is rendered as \"{Excerpt(beginning, common)}\" where the whole conversation has \"{Excerpt(text, common)}\"");
    }

    private static TrainingDataException Unstable(int index, string what) =>
        new($"the chat template can't mark assistant turns: message {index + 1}: {what}. Needed is a template that renders the beginning of a conversation as it renders it within the whole.");

    private static string Excerpt(string text, int at)
    {
        int start = Math.Max(0, at - 20);
        return text[start..Math.Min(text.Length, at + 20)].ReplaceLineEndings("\\n");
    }

    /// <summary>Whether the template does anything with <c>tool_calls</c>: writes them, or fails at calls it did not expect.</summary>
    private bool ReadsCalls()
    {
        MessageRecord question = new("user", "Question"), answer = new("assistant", "Answer");
        CallRecord call = new("call00000", "called", JsonElement.Parse("{}"));
        string? without = TryRender([question, answer]), with = TryRender([question, answer with { Calls = [call] }]);
        return without is not null && with != without;

        string? TryRender(MessageRecord[] messages)
        {
            try
            {
                return Render(_input, [.. messages.Select(message => CallText.Message(message, asField: true))], isPrompt: false);
            }
            catch (BadRecordException)
            {
                return null;
            }
        }
    }

    /// <summary>An assistant's turn in the rendered text: offsets of its first character, of what follows it, and of what follows the marker after it.</summary>
    private readonly record struct Turn(int Start, int End, int MarkerEnd, bool IsLearned);

    /// <summary>What a template that writes the date is told, so that an example has the same tokens whenever it is read.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public static StoppedClock Instance { get; } = new();

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }
}
