using HymbaSharp.Training.Operations;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Tests.Twin;

/// <summary>Documents packed together are documents by themselves: neither attention nor scan nor convolution crosses a border.</summary>
public sealed class PackingTests
{
    [Theory]
    [InlineData("ntk-shared-kv", ScalarType.Float32, false, 2e-5)]
    [InlineData("ntk-shared-kv", ScalarType.Float32, true, 2e-5)]
    [InlineData("untied-alternate-kv", ScalarType.Float64, false, 2e-7)]
    public void Loss_and_gradients_of_packed_documents_are_those_of_each_alone(string name, ScalarType type, bool checkpoints, double tolerance)
    {
        using ReferenceTwin reference = new(name, type, checkpoints);
        int[] ids = reference.InputIds;
        int[][] documents = [ids[..7], ids[7..9], ids[9..]];
        using var scope = NewDisposeScope();
        reference.Parameters.Train(_ => true);

        double alone = documents.Sum(document => Backward(reference, [document]));
        Dictionary<string, float[]> expected = Gradients(reference);
        double packed = Backward(reference, documents);

        Assert.Equal(alone, packed, tolerance * alone);
        foreach ((string parameter, Tensor value) in reference.Parameters.Trained)
            Assert.True(ReferenceTwin.RelativeError(value.grad!, expected[parameter]) <= tolerance, parameter);
    }

    [Fact]
    public void A_padded_batch_is_its_sequences_without_the_padding()
    {
        RowBatch padded = RowBatch.OfPadded([5, 6, 7, 8, 9, 0, 4, 0, 0], columns: 3, [3, 2, 1], metaTokens: 2);
        RowBatch packed = new([[5, 6, 7], [8, 9], [4]], learned: null, metaTokens: 2);

        Assert.Equal(packed.Tokens, padded.Tokens);
        Assert.Equal(packed.Documents, padded.Documents);
        Assert.Equal(packed.LossRows, padded.LossRows);
        Assert.Equal([6, 7, 9], padded.Targets);
    }

    [Fact]
    public void Only_learned_tokens_have_a_target()
    {
        RowBatch batch = new([[5, 6, 7], [8, 9]], [[false, false, true], [false, true]], metaTokens: 1);

        Assert.Equal([~0, 5, 6, 7, ~0, 8, 9], batch.Tokens);
        Assert.Equal([2, 5], batch.LossRows);
        Assert.Equal([7, 9], batch.Targets);
        Assert.Equal([0, 1], batch.TargetDocuments);
        Assert.Equal(5, batch.TokenCount);
    }

    private static double Backward(ReferenceTwin reference, int[][] documents)
    {
        RowBatch batch = new(documents, learned: null, reference.Config.MetaTokens);
        Tensor loss = CrossEntropyOperation.Apply(reference.Twin.Logits(batch), batch.Targets).sum();
        loss.backward();
        return loss.to(ScalarType.Float64).item<double>();
    }

    /// <summary>The gradients so far, which are cleared.</summary>
    private static Dictionary<string, float[]> Gradients(ReferenceTwin reference)
    {
        Dictionary<string, float[]> gradients = [];
        foreach ((string parameter, Tensor value) in reference.Parameters.Trained)
        {
            gradients[parameter] = [.. value.grad!.to(ScalarType.Float32).data<float>()];
            _ = value.grad!.zero_();
        }
        return gradients;
    }
}
