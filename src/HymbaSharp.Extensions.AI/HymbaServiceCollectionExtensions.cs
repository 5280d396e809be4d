using HymbaSharp;
using HymbaSharp.Batching;
using HymbaSharp.Checkpoints;
using HymbaSharp.Extensions.AI;
using Microsoft.Extensions.AI;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers Hymba models in a container.</summary>
public static class HymbaServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="HymbaModel"/>, <see cref="HymbaEngine"/>, <see cref="HymbaChatClient"/>, <see cref="IChatClient"/> and
    /// <see cref="IEmbeddingGenerator{TInput,TEmbedding}"/> over one model, which is opened when the first of them is asked for and lives as long as the container.
    /// </summary>
    public static IServiceCollection AddHymba(this IServiceCollection services, HymbaChatOptions? options = null) =>
        services.AddHymba(_ => options ?? new HymbaChatOptions());

    /// <summary>The same with options that are made when the model is to be opened, of the container's configuration for example.</summary>
    public static IServiceCollection AddHymba(this IServiceCollection services, Func<IServiceProvider, HymbaChatOptions> options) =>
        services.AddKeyedHymba(null, options);

    /// <summary>The same under a key, so that a container can have several models.</summary>
    public static IServiceCollection AddKeyedHymba(this IServiceCollection services, object? serviceKey, HymbaChatOptions? options = null) =>
        services.AddKeyedHymba(serviceKey, _ => options ?? new HymbaChatOptions());

    /// <summary>The same under a key, with options that are made when the model is to be opened.</summary>
    public static IServiceCollection AddKeyedHymba(this IServiceCollection services, object? serviceKey, Func<IServiceProvider, HymbaChatOptions> options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        // The container disposes in reverse order of creation: the client before its engine, the engine before its model.
        return services
            .AddKeyedSingleton(serviceKey, (provider, _) => new Registration(options(provider)))
            .AddKeyedSingleton(serviceKey, (provider, key) => HymbaModel.Load(ModelLocation.Find(Options(provider, key).Model), Options(provider, key).ModelOptions))
            .AddKeyedSingleton(serviceKey, (provider, key) => new HymbaEngine(provider.GetRequiredKeyedService<HymbaModel>(key), Options(provider, key).EngineOptions))
            .AddKeyedSingleton(serviceKey, (provider, key) => new HymbaChatClient(provider.GetRequiredKeyedService<HymbaEngine>(key), Options(provider, key).ModelId))
            .AddKeyedSingleton<IChatClient>(serviceKey, (provider, key) => provider.GetRequiredKeyedService<HymbaChatClient>(key))
            .AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(serviceKey, (provider, key) =>
                new HymbaEmbeddingGenerator(provider.GetRequiredKeyedService<HymbaModel>(key), Options(provider, key).ModelId));
    }

    private static HymbaChatOptions Options(IServiceProvider provider, object? key) => provider.GetRequiredKeyedService<Registration>(key).Options;

    /// <summary>The options of a registration, made once.</summary>
    private sealed record Registration(HymbaChatOptions Options);
}
