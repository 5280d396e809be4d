using System.Runtime.CompilerServices;
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

    /// <summary>
    /// The model's reply wherever the assistant speaks in a dialogue, with the number of that line. What it said before is in its prompt as the dialogue has it, whatever
    /// the model would have said; each prompt goes on from the state of the one before.
    /// </summary>
    /// <exception cref="ConversationException">The model has no tokenizer or no chat template.</exception>
    public async IAsyncEnumerable<(int Line, string Reply)> AnswerEachAsync(Dialogue dialogue, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        HymbaSession session = model.StartSession();
        try
        {
            for (int i = 0; i < dialogue.Lines.Count; i++)
            {
                if (dialogue.Lines[i].Role != "assistant")
                    continue;
                int[] prompt = Encode(dialogue, dialogue.Lines.Take(i), answers: true);
                if (!prompt.AsSpan().StartsWith(session.Tokens) || prompt.Length == session.TokenCount)
                {
                    session.Dispose();
                    session = model.StartSession();
                }
                session.Append(prompt.AsSpan(session.TokenCount..^1), cancellationToken);
                using HymbaSession fork = session.Fork();
                StringBuilder reply = new();
                await foreach (GenerationUpdate update in fork.GenerateAsync(prompt.AsMemory(^1..), Greedy, cancellationToken))
                    _ = reply.Append(update.Text);
                yield return (i, reply.ToString());
            }
        }
        finally
        {
            session.Dispose();
        }
    }

    /// <summary>Whether the chosen answer is more probable than the rejected one: the sum of the log-probabilities of all its tokens is larger.</summary>
    /// <exception cref="ConversationException">The model has no tokenizer or no chat template.</exception>
    public bool PrefersChosen(PreferencePair pair, CancellationToken cancellationToken)
    {
        int[] chosen = Encode(pair.Dialogue, [.. pair.Prompt, new Line("assistant", pair.Chosen)], answers: false);
        int[] rejected = Encode(pair.Dialogue, [.. pair.Prompt, new Line("assistant", pair.Rejected)], answers: false);
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

    /// <param name="dialogue">Its tools and contexts are used.</param>
    /// <param name="lines">What is said.</param>
    /// <param name="answers">Whether the assistant is to speak next.</param>
    private int[] Encode(Dialogue dialogue, IEnumerable<Line> lines, bool answers)
    {
        string text = model.ChatTemplate!.Render(new ChatTemplateInput
        {
            Messages = [.. lines.Select(line => line.ToMessage())],
            Tools = dialogue.Tools.Count > 0 ? dialogue.Tools : null,
            Contexts = dialogue.Contexts.Count > 0 ? dialogue.Contexts : null,
            AddGenerationPrompt = answers,
        });
        return model.Tokenizer!.Encode(text);
    }

    private static string? SystemOf(IReadOnlyList<Line> lines) => lines.Count > 0 && lines[0].Role == "system" ? lines[0].Content : null;
}
