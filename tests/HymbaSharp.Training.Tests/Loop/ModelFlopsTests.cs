using HymbaSharp.Training.Loop;
using HymbaSharp.Training.Tests.Twin;
using HymbaSharp.Training.Twin;

namespace HymbaSharp.Training.Tests.Loop;

public sealed class ModelFlopsTests
{
    [Fact]
    public void Each_part_of_the_model_is_counted_once_forward_and_twice_backward()
    {
        using ReferenceTwin reference = new("bf16-grouped-query");
        var config = reference.Config;
        int[] tokens = [.. Enumerable.Range(1, 30)];
        RowBatch batch = new([tokens], learned: null, config.MetaTokens);
        double rows = batch.Rows, expected = 2.0 * batch.LossRows.Length * config.HiddenSize * config.VocabularySize;
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string[] matrices = [.. reference.Parameters.Names.Where(name => name.StartsWith($"model.layers.{layer}.", StringComparison.Ordinal) && name.Contains("proj", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal))];
            expected += rows * 2 * matrices.Sum(name => reference.Parameters[name].numel());
            expected += rows * config.InnerSize * config.StateSize * 6;
            for (int query = 0; query < rows; query++)
            {
                for (int key = 0; key <= query; key++)
                {
                    if (config.IsGlobal(layer) || query - key <= config.SlidingWindow || key < config.MetaTokens)
                        expected += 2.0 * config.AttentionHeads * (config.KeyHeadSize + config.ValueHeadSize);
                }
            }
        }

        Assert.Equal(3 * expected, new ModelFlops(config).Step(batch), expected * 1e-9);
    }
}
