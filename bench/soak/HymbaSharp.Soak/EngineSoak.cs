using System.Diagnostics;
using HymbaSharp.Batching;
using HymbaSharp.Generation;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Soak;

/// <summary>The same work on an engine in this process: what there is without a server.</summary>
internal static class EngineSoak
{
    public static async Task RunAsync(string folder, Work work, int parallel)
    {
        using HymbaModel model = HymbaModel.Load(folder, new HymbaModelOptions { ContextLength = 1024 });
        using HymbaEngine engine = new(model, new HymbaEngineOptions { MaxSequences = parallel, MaxWaiting = 10_000 });
        Tokenizer tokenizer = model.Tokenizer!;
        Report report = new("offline", work);
        Stopwatch clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, work.Clients).Select(i => Task.Run(async () =>
        {
            for (int request = 0; clock.Elapsed < work.Time; request++)
                report.Add(await AskAsync(engine, work, tokenizer.Encode(work.Prompt(i, request), addBos: tokenizer.AddBosToken)));
        })));
        report.Write(clock.Elapsed);
    }

    private static async Task<Seen> AskAsync(HymbaEngine engine, Work work, int[] prompt)
    {
        List<double> gaps = [];
        double first = 0;
        int tokens = 0;
        long last = Stopwatch.GetTimestamp();
        EngineRequest request = new() { Prompt = prompt, Options = new GenerationOptions { MaxTokens = work.ReplyTokens, IgnoreEndOfText = true, LogProbabilities = 0 } };
        await foreach (EngineUpdate _ in engine.GenerateAsync(request))
        {
            double gap = Stopwatch.GetElapsedTime(last).TotalSeconds;
            last = Stopwatch.GetTimestamp();
            if (tokens++ == 0)
                first = gap;
            else
                gaps.Add(gap);
        }
        return new Seen(tokens, gaps, first, tokens == work.ReplyTokens ? null : "a reply that ended early", WasBusy: false);
    }
}
