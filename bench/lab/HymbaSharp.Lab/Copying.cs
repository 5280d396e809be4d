using System.Diagnostics;
using HymbaSharp.Generation;

namespace HymbaSharp.Lab;

/// <summary>
/// 0004: what guessing brings where an answer quotes its context. Random weights quote nothing, so the reply is laid down: each token is computed
/// and checked as in a generation, and the one laid down is taken in place of the one chosen.
/// </summary>
internal static class Copying
{
    private const int Context = 400;
    private const int Answer = 120;

    public static void Run(string[] args)
    {
        if (args.Length < 2)
            throw new ArgumentException("0004 takes a model's folder, a file of text and, where not 3, how often each is measured.");
        int rounds = args.Length > 2 ? int.Parse(args[2]) : 3;
        using HymbaModel model = HymbaModel.Load(args[0], new HymbaModelOptions { ContextLength = 2048 });
        int[] text = model.Tokenizer!.Encode(File.ReadAllText(args[1]), addBos: true);
        int[] context = text[..Context], other = text[Context..(Context + Answer)];
        // A quotation from the first third on; the same in pieces of 20 tokens after 10 of other text each; nothing that stands in the context.
        (string, int[])[] answers =
        [
            ("quotes its context", context[(Context / 3)..((Context / 3) + Answer)]),
            ("quotes in pieces", [.. Enumerable.Range(0, Answer).Select(i => i % 30 < 10 ? other[i] : context[(Context / 3) + i])]),
            ("other text", other),
        ];
        foreach ((string name, int[] answer) in answers)
        {
            List<double> plain = [], guessing = [];
            (int Drafted, int Right) counts = default;
            for (int round = -1; round < rounds; round++)
            {
                (double without, _) = Measure(model, context, answer, null);
                (double with, counts) = Measure(model, context, answer, new PromptLookup(PromptLookup.MaxDraft));
                if (round < 0)
                    continue;
                plain.Add(without);
                guessing.Add(with);
            }
            Console.WriteLine($"{name}: {Median(plain):0.0} tokens/s, guessing {Median(guessing):0.0} ({Median(guessing) / Median(plain):0.00} x); {counts.Right} of {counts.Drafted} guesses right over {answer.Length} tokens");
        }
    }

    /// <summary>Tokens per second of an answer after its context has passed; as <see cref="Generator"/> does it.</summary>
    private static (double Speed, (int Drafted, int Right) Counts) Measure(HymbaModel model, int[] context, int[] answer, PromptLookup? lookup)
    {
        using HymbaSession session = model.StartSession();
        session.Append(context);
        int[] proposal = new int[1 + PromptLookup.MaxDraft];
        long start = Stopwatch.GetTimestamp();
        for (int at = 0; at < answer.Length;)
        {
            proposal[0] = answer[at];
            ReadOnlySpan<int> draft = lookup is null ? [] : lookup.Draft(session.TextWith(answer[at]), answer.Length - at - 1);
            if (draft.IsEmpty)
            {
                session.Append(answer[at++]);
                continue;
            }
            draft.CopyTo(proposal.AsSpan(1));
            session.Propose(proposal.AsSpan(0, 1 + draft.Length));
            int right = 0;
            while (right < draft.Length && proposal[right + 1] == answer[at + right + 1])
                right++;
            lookup!.Learn(draft.Length, right);
            session.Accept(right + 1);
            at += right + 1;
        }
        return (answer.Length / Stopwatch.GetElapsedTime(start).TotalSeconds, (lookup?.Drafted ?? 0, lookup?.Right ?? 0));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
