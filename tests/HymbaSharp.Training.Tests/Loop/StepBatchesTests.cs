using HymbaSharp.Training.Data;
using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Objectives;

namespace HymbaSharp.Training.Tests.Loop;

public sealed class StepBatchesTests
{
    [Fact]
    public void A_step_takes_examples_until_it_has_its_tokens_and_goes_over_into_the_next_epoch()
    {
        StepBatches batches = new(Source(lengths: [3, 4, 5]), seed: null, batchTokens: 7);

        Assert.Equal([0, 1], batches.Next().Select(item => item.Index));
        Assert.Equal([2, 0], batches.Next().Select(item => item.Index));
        Assert.Equal(1, batches.Epoch);
        Assert.Equal(1, batches.Position);
    }

    [Fact]
    public void It_goes_on_alike_from_where_another_stands()
    {
        StepSource source = Source([.. Enumerable.Range(2, 40)]);
        StepBatches whole = new(source, seed: 9, batchTokens: 50), resumed = new(source, seed: 9, batchTokens: 50);
        for (int i = 0; i < 25; i++)
            _ = whole.Next();

        resumed.MoveTo(whole.Epoch, whole.Position);

        for (int i = 0; i < 30; i++)
            Assert.Equal(whole.Next().Select(item => item.Index), resumed.Next().Select(item => item.Index));
    }

    [Fact]
    public void Parts_hold_as_many_examples_as_fit_with_their_meta_tokens()
    {
        StepItem[] items = [.. Enumerable.Range(0, 4).Select(Source([3, 4, 20, 1]).Load)];

        Assert.Equal([[0, 1], [2], [3]], StepBatches.Parts(items, rows: 11, metaTokens: 2).Select(part => part.Select(item => item.Index).ToArray()));
        Assert.Equal([[0], [1], [2], [3]], StepBatches.Parts(items, 11, 2, packs: false).Select(part => part.Select(item => item.Index).ToArray()));
    }

    private static StepSource Source(int[] lengths) => new(lengths.Length, lengths.Length, 1, null!, Order, index => Item(index, lengths[index]));

    private static int[] Order(int epoch, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, seed == 0 ? 3 : 40)];
        if (seed != 0)
            new Random((int)seed + epoch).Shuffle(order);
        return order;
    }

    private static StepItem Item(int index, int length) => new(index, [new TrainingExample(new int[length], new bool[length])]);
}
