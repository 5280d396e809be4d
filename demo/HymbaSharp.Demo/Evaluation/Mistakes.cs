using System.Runtime.CompilerServices;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Dialogues;
using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Evaluation;

/// <summary>Preference pairs in which the wrong answer is the model's own: its greedy replies in conversations of the training split.</summary>
/// <param name="model">Whose replies they are.</param>
/// <param name="options">What conversations it replies in.</param>
/// <param name="skipped">Kinds of answers that give no pairs.</param>
internal sealed class Mistakes(HymbaModel model, CorpusOptions options, IReadOnlyCollection<Measure> skipped)
{
    private readonly Answerer _answerer = new(model);

    /// <summary>Lets the model answer throughout the conversations, and gives a pair for each reply that is wrong and not empty, in order.</summary>
    public async IAsyncEnumerable<PreferencePair> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int i = 0; i < options.Conversations; i++)
        {
            Dialogue dialogue = DialogueSource.DrawTraining(new Dice(options.Seed, "mistakes", i), options.Shares, options.Wordings);
            await foreach ((int line, string reply) in _answerer.AnswerEachAsync(dialogue, cancellationToken))
            {
                Line expected = dialogue.Lines[line];
                string said = reply.Trim();
                if (said.Length > 0 && expected.Measure is { } measure && !skipped.Contains(measure) && !Scorer.Score(expected, said).IsRight)
                    yield return new PreferencePair(dialogue, [.. dialogue.Lines.Take(line)], expected.Content, said);
            }
        }
    }
}
