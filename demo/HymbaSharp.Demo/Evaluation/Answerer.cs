using System.Text;
using HymbaSharp.Chat;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Generation;

namespace HymbaSharp.Demo.Evaluation;

/// <summary>Lets a model answer questions, greedily, as anybody would with the library, and compares answers by their probability.</summary>
internal sealed class Answerer(HymbaModel model)
{
    // The longest answer of the corpus, a sum worked out in columns, stays well below.
    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 256 };

    /// <summary>The model's reply to the question's prompt.</summary>
    public async Task<string> AnswerAsync(Question question, CancellationToken cancellationToken)
    {
        using Conversation conversation = new(model, new ConversationOptions
        {
            System = SystemOf(question.Prompt),
            Tools = question.Dialogue.Tools,
            Contexts = question.Dialogue.Contexts,
        });
        StringBuilder reply = new();
        ChatMessage[] messages = [.. question.Prompt.Where(line => line.Role != "system").Select(line => line.ToMessage())];
        await foreach (GenerationUpdate update in conversation.SendAsync(messages, Greedy, cancellationToken))
            _ = reply.Append(update.Text);
        cancellationToken.ThrowIfCancellationRequested();
        return reply.ToString();
    }

    /// <summary>Whether the chosen answer is more probable than the rejected one: the sum of the log-probabilities of all its tokens is larger.</summary>
    /// <exception cref="ConversationException">The model has no tokenizer or no chat template.</exception>
    public bool PrefersChosen(PreferencePair pair, CancellationToken cancellationToken)
    {
        int[] chosen = Encode(pair, pair.Chosen), rejected = Encode(pair, pair.Rejected);
        int shared = chosen.AsSpan().CommonPrefixLength(rejected);
        using HymbaSession session = model.StartSession();
        session.Append(chosen.AsSpan(0, shared), cancellationToken);
        return LogProbability(session, chosen.AsSpan(shared), cancellationToken) > LogProbability(session, rejected.AsSpan(shared), cancellationToken);
    }

    /// <summary>Of a continuation of the session, in nats.</summary>
    private static double LogProbability(HymbaSession session, ReadOnlySpan<int> continuation, CancellationToken cancellationToken)
    {
        if (continuation.IsEmpty)
            return 0;
        using HymbaSession fork = session.Fork();
        int[] next = continuation.ToArray();
        double sum = LogProbability(fork.Logits, next[0]);
        fork.Append(continuation, (index, logits) =>
        {
            if (index + 1 < next.Length)
                sum += LogProbability(logits, next[index + 1]);
        }, cancellationToken);
        return sum;
    }

    private static double LogProbability(ReadOnlySpan<float> logits, int token)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits)
            largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - largest);
        return logits[token] - largest - Math.Log(sum);
    }

    private int[] Encode(PreferencePair pair, string answer)
    {
        string text = model.ChatTemplate!.Render(new ChatTemplateInput
        {
            Messages = [.. pair.Prompt.Select(line => line.ToMessage()), new ChatMessage("assistant", answer)],
            Tools = pair.Dialogue.Tools.Count > 0 ? pair.Dialogue.Tools : null,
            Contexts = pair.Dialogue.Contexts.Count > 0 ? pair.Dialogue.Contexts : null,
            AddGenerationPrompt = false,
        });
        return model.Tokenizer!.Encode(text);
    }

    private static string? SystemOf(IReadOnlyList<Line> lines) => lines.Count > 0 && lines[0].Role == "system" ? lines[0].Content : null;
}
