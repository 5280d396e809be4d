using HymbaSharp.State;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI.Tests;

public sealed class EmbeddingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Embeddings_are_the_models()
    {
        using SpeakingModel model = new("One");
        using HymbaEmbeddingGenerator generator = new(model.Model, "tiny");
        string[] texts = ["hello hello", "", "world </s>"];
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(texts, cancellationToken: Token);
        int count = 0;
        foreach ((string text, Embedding<float> embedding) in texts.Zip(embeddings))
        {
            int[] tokens = model.Model.Tokenizer!.Encode(text, addBos: true, parseSpecial: false);
            count += tokens.Length;
            Assert.Equal(model.Model.Embed(tokens, Token), embedding.Vector.ToArray());
            Assert.Equal(("tiny", model.Model.Config.HiddenSize), (embedding.ModelId, embedding.Dimensions));
        }
        Assert.Equal((count, count), (embeddings.Usage!.InputTokenCount, embeddings.Usage.TotalTokenCount));
    }

    [Fact]
    public async Task What_the_model_cannot_give_is_refused()
    {
        using SpeakingModel model = new("One");
        using HymbaEmbeddingGenerator generator = new(model.Model, "tiny");
        Assert.Contains("Dimensions is 3", (await Assert.ThrowsAsync<HymbaRequestException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 3 }, Token))).Message, StringComparison.Ordinal);
        _ = await Assert.ThrowsAsync<HymbaRequestException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { ModelId = "large" }, Token));
        _ = await Assert.ThrowsAsync<ContextLengthException>(() => generator.GenerateAsync([new string('?', 2000)], cancellationToken: Token));
        _ = Assert.Single(await generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { ModelId = "tiny", Dimensions = model.Model.Config.HiddenSize }, Token));
    }

    [Fact]
    public async Task Cancelling_ends_the_work()
    {
        using SpeakingModel model = new("One");
        using HymbaEmbeddingGenerator generator = new(model.Model);
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["a"], cancellationToken: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Services_are_the_generator_and_its_model()
    {
        using SpeakingModel model = new("One");
        IEmbeddingGenerator<string, Embedding<float>> generator = new HymbaEmbeddingGenerator(model.Model, "tiny");
        Assert.Same(generator, generator.GetService<HymbaEmbeddingGenerator>());
        Assert.Same(model.Model, generator.GetService<HymbaModel>());
        EmbeddingGeneratorMetadata metadata = generator.GetService<EmbeddingGeneratorMetadata>()!;
        Assert.Equal(("hymba", "tiny", model.Model.Config.HiddenSize), (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
    }
}
