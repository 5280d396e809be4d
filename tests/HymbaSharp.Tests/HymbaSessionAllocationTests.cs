using HymbaSharp.Tests.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests;

[Collection(nameof(Alone))]
public sealed class HymbaSessionAllocationTests
{
    public static TheoryData<string, QuantizationScheme?> Each => Reference.EachQuantised;

    [Theory]
    [MemberData(nameof(Each))]
    public void Appending_tokens_within_what_was_reserved_allocates_nothing(string name, QuantizationScheme? scheme)
    {
        using HymbaModel model = Open(name, scheme);
        int[] text = Reference.Text(model, 620);
        AssertAllocatesNothing(() =>
        {
            HymbaSession session = model.StartSession();
            session.Reserve(text.Length);
            session.Append(text.AsSpan(0, 500));
            return [session];
        }, sessions =>
        {
            foreach (int token in text.AsSpan(500))
                sessions[0].Append(token);
        });
    }

    [Theory]
    [MemberData(nameof(Each))]
    public void Steps_of_several_sessions_and_guesses_allocate_nothing(string name, QuantizationScheme? scheme)
    {
        using HymbaModel model = Open(name, scheme);
        int[] text = Reference.Text(model, 200);
        AssertAllocatesNothing(() =>
        {
            HymbaSession[] sessions = [.. Enumerable.Range(0, 3).Select(_ => model.StartSession())];
            foreach (HymbaSession session in sessions)
            {
                session.Reserve(text.Length);
                session.Append(text.AsSpan(0, 100));
                // The first guess makes room for the rows' states.
                session.Propose(text.AsSpan(0, 5));
                session.Accept(1);
            }
            return sessions;
        }, sessions =>
        {
            for (int i = 0; i < 40; i++)
                HymbaSession.AppendEach(sessions, text.AsSpan(i, 3));
            for (int i = 0; i < 10; i++)
            {
                sessions[0].Propose(text.AsSpan(100 + i, 5));
                sessions[0].Accept(2);
            }
        });
    }

    private static HymbaModel Open(string name, QuantizationScheme? scheme) =>
        HymbaModel.Load(TestData.Reference(name), new HymbaModelOptions { ContextLength = 700, UseCache = false, Quantization = scheme });

    private static void AssertAllocatesNothing(Func<HymbaSession[]> start, Action<HymbaSession[]> steps)
    {
        (long Mine, long All) least = (long.MaxValue, long.MaxValue);
        // The test runner may allocate beside: what the steps allocate, they allocate every time.
        for (int attempt = 0; attempt < 8 && least != (0, 0); attempt++)
        {
            HymbaSession[] sessions = start();
            long mine = GC.GetAllocatedBytesForCurrentThread(), all = GC.GetTotalAllocatedBytes(precise: true);
            steps(sessions);
            mine = GC.GetAllocatedBytesForCurrentThread() - mine;
            all = GC.GetTotalAllocatedBytes(precise: true) - all;
            least = (Math.Min(least.Mine, mine), Math.Min(least.All, all));
            foreach (HymbaSession session in sessions)
                session.Dispose();
        }
        Assert.Equal((0, 0), least);
    }
}
