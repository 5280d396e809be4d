using HymbaSharp.Batching;
using HymbaSharp.Checkpoints;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace HymbaSharp.Extensions.AI.Tests;

public sealed class ServiceTests
{
    private static readonly HymbaModelOptions Small = new() { UseCache = false, Threads = 1, ContextLength = 512 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_serves_one_model_for_its_lifetime()
    {
        using SpeakingModel files = new("One");
        HymbaChatOptions options = new() { Model = files.Folder, ModelId = "mine", ModelOptions = Small, EngineOptions = new HymbaEngineOptions { MaxSequences = 3 } };
        HymbaModel model;
        HymbaEngine engine;
        await using (ServiceProvider provider = new ServiceCollection().AddHymba(options).BuildServiceProvider())
        {
            IChatClient client = provider.GetRequiredService<IChatClient>();
            (model, engine) = (provider.GetRequiredService<HymbaModel>(), provider.GetRequiredService<HymbaEngine>());
            Assert.Same(client, provider.GetRequiredService<HymbaChatClient>());
            Assert.Same(engine, client.GetService<HymbaEngine>());
            Assert.Same(model, engine.Model);
            Assert.Equal((512, 3), (model.ContextLength, engine.MaxSequences));
            Assert.Equal("mine", client.GetService<ChatClientMetadata>()!.DefaultModelId);
            Assert.Equal("One", (await client.GetResponseAsync("hello", files.Saying("One"), Token)).Text);
            IEmbeddingGenerator<string, Embedding<float>> embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
            Assert.Same(model, embeddings.GetService<HymbaModel>());
            Assert.Equal("mine", embeddings.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        }
        _ = Assert.Throws<ObjectDisposedException>(() => { _ = engine.GenerateAsync(new EngineRequest { Prompt = new int[] { 1 } }, Token); });
        _ = Assert.Throws<ObjectDisposedException>(() => model.Embed([1], Token));
    }

    [Fact]
    public async Task A_model_is_opened_when_it_is_asked_for()
    {
        await using ServiceProvider provider = new ServiceCollection().AddHymba(new HymbaChatOptions { Model = "no such model" }).BuildServiceProvider();
        _ = Assert.Throws<CheckpointException>(provider.GetRequiredService<IChatClient>);
    }

    [Fact]
    public async Task Options_are_made_of_the_container_and_once()
    {
        using SpeakingModel files = new("One");
        int made = 0;
        ServiceCollection services = new();
        _ = services.AddSingleton(files.Folder).AddHymba(provider =>
        {
            made++;
            return new HymbaChatOptions { Model = provider.GetRequiredService<string>(), ModelOptions = Small };
        });
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(0, made);
        Assert.Equal(Path.GetFileName(files.Folder), provider.GetRequiredService<HymbaChatClient>().ModelId);
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task Keys_tell_models_apart()
    {
        using SpeakingModel one = new("One"), two = new("One");
        await using ServiceProvider provider = new ServiceCollection()
            .AddKeyedHymba("a", new HymbaChatOptions { Model = one.Folder, ModelOptions = Small })
            .AddKeyedHymba("b", new HymbaChatOptions { Model = two.Folder, ModelOptions = Small })
            .BuildServiceProvider();
        HymbaChatClient a = provider.GetRequiredKeyedService<HymbaChatClient>("a"), b = provider.GetRequiredKeyedService<HymbaChatClient>("b");
        Assert.Equal((one.Folder, two.Folder), (((IChatClient)a).GetService<HymbaModel>()!.Folder, ((IChatClient)b).GetService<HymbaModel>()!.Folder));
        Assert.Same(a, provider.GetRequiredKeyedService<IChatClient>("a"));
        Assert.Null(provider.GetService<IChatClient>());
    }

    [Fact]
    public async Task A_pipeline_goes_around_the_client()
    {
        using SpeakingModel files = new("One");
        ServiceCollection services = new();
        _ = services.AddHymba(new HymbaChatOptions { Model = files.Folder, ModelOptions = Small });
        _ = services.AddChatClient(provider => provider.GetRequiredService<HymbaChatClient>()).UseFunctionInvocation();
        await using ServiceProvider provider = services.BuildServiceProvider();
        IChatClient client = provider.GetRequiredService<IChatClient>();
        Assert.NotNull(client.GetService<FunctionInvokingChatClient>());
        Assert.Same(provider.GetRequiredService<HymbaChatClient>(), client.GetService<HymbaChatClient>());
    }

    [Fact]
    public void A_model_of_the_hub_is_called_by_its_repository()
    {
        Assert.Equal("nvidia/Hymba-1.5B-Instruct", ModelName.OfFolder(Path.Combine("cache", "models--nvidia--Hymba-1.5B-Instruct", "snapshots", "0123abcd")));
        Assert.Equal("mine", ModelName.OfFolder(Path.Combine("cache", "snapshots", "mine") + Path.DirectorySeparatorChar));
        Assert.Equal("mine", ModelName.OfFolder("mine"));
    }
}
