using HymbaSharp.Tokenization;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI;

/// <summary>
/// A Hymba model as <see cref="IEmbeddingGenerator{TInput,TEmbedding}"/>: the mean of a text's hidden states after the final norm
/// (<see cref="HymbaModel.Embed"/>), of the model's width and not normalised; compare by cosine. Safe to use from many threads.
/// </summary>
public sealed class HymbaEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly HymbaModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Takes a model, which stays the caller's and must outlive the generator.</summary>
    /// <param name="model">Computes the embeddings.</param>
    /// <param name="modelId">What the model is called in requests and embeddings; null: owner/name where it lies in the hub's cache, else the name of its folder.</param>
    /// <exception cref="HymbaRequestException">The model's folder has no tokenizer.</exception>
    public HymbaEmbeddingGenerator(HymbaModel model, string? modelId = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _tokenizer = model.Tokenizer ?? throw new HymbaRequestException($"{model.Folder} has no tokenizer; texts need tokenizer.model or tokenizer.json.");
        ModelId = modelId ?? ModelName.Of(model);
        _metadata = new EmbeddingGeneratorMetadata(HymbaChatClient.ProviderName, defaultModelId: ModelId, defaultModelDimensions: model.Config.HiddenSize);
    }

    /// <summary>What the model is called. A request that names another is refused.</summary>
    public string ModelId { get; }

    /// <inheritdoc/>
    /// <exception cref="HymbaRequestException">Another model or another number of dimensions is asked for, or a text has no token.</exception>
    /// <exception cref="State.ContextLengthException">A text does not fit the context.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        ModelName.Check(options?.ModelId, ModelId);
        if (options?.Dimensions is { } dimensions && dimensions != _model.Config.HiddenSize)
            throw new HymbaRequestException($"Dimensions is {dimensions}; this model's embeddings have {_model.Config.HiddenSize}. Leave it out, or ask for that.");
        int[][] texts = [.. values.Select(Encode)];
        DateTimeOffset createdAt = DateTimeOffset.UtcNow;
        GeneratedEmbeddings<Embedding<float>> embeddings = await Task.Run(
            () => new GeneratedEmbeddings<Embedding<float>>(texts.Select(tokens => new Embedding<float>(_model.Embed(tokens, cancellationToken)) { CreatedAt = createdAt, ModelId = ModelId })),
            cancellationToken).ConfigureAwait(false);
        long count = texts.Sum(tokens => (long)tokens.Length);
        embeddings.Usage = new UsageDetails { InputTokenCount = count, TotalTokenCount = count };
        return embeddings;
    }

    /// <summary>The generator itself, its <see cref="EmbeddingGeneratorMetadata"/> or the <see cref="HymbaModel"/>; else null.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        object[] services = [this, _metadata, _model];
        return serviceKey is null ? services.FirstOrDefault(serviceType.IsInstanceOfType) : null;
    }

    /// <summary>Does nothing: the model is the caller's.</summary>
    public void Dispose()
    {
    }

    private int[] Encode(string text)
    {
        // Other people's text: the name of a special token in it is not one.
        int[] tokens = _tokenizer.Encode(text, _tokenizer.AddBosToken, parseSpecial: false);
        return tokens.Length > 0 ? tokens : throw new HymbaRequestException("A text is empty, and this tokenizer begins none with a token of its own: there is nothing to embed.");
    }
}
