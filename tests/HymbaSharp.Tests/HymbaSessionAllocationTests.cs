using HymbaSharp.Tests.Threading;

namespace HymbaSharp.Tests;

[Collection(nameof(Alone))]
public sealed class HymbaSessionAllocationTests
{
    public static TheoryData<string> References => Reference.All;

    [Theory]
    [MemberData(nameof(References))]
    public void Appending_tokens_within_what_was_reserved_allocates_nothing(string name)
    {
        using HymbaModel model = Reference.Open(name, contextLength: 700);
        int[] text = Reference.Text(model, 620);
        (long Mine, long All) least = (long.MaxValue, long.MaxValue);
        // The test runner may allocate beside: what the steps allocate, they allocate every time.
        for (int attempt = 0; attempt < 8 && least != (0, 0); attempt++)
        {
            using HymbaSession session = model.StartSession();
            session.Reserve(text.Length);
            session.Append(text.AsSpan(0, 500));
            long mine = GC.GetAllocatedBytesForCurrentThread(), all = GC.GetTotalAllocatedBytes(precise: true);
            foreach (int token in text.AsSpan(500))
                session.Append(token);
            mine = GC.GetAllocatedBytesForCurrentThread() - mine;
            all = GC.GetTotalAllocatedBytes(precise: true) - all;
            least = (Math.Min(least.Mine, mine), Math.Min(least.All, all));
        }
        Assert.Equal((0, 0), least);
    }
}
