using HymbaSharp.Batching;
using HymbaSharp.Generation;
using HymbaSharp.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace HymbaSharp.Extensions.AI.Tests.Docs;

/// <summary>The C# of docs/extensions-ai.md, run. What stands between "begin" and "end" is in the document, line for line.</summary>
public sealed class DocumentedCodeTests
{
    private static readonly string Demo = Path.Combine(TestData.Repository, "models", "hymba-demo");

    public DocumentedCodeTests() => Console.Written = "";

    [Fact]
    public async Task Functions()
    {
        string folder = Demo;
        // begin docs/extensions-ai.md
        using HymbaModel model = HymbaModel.Load(folder);
        using HymbaEngine engine = new(model);
        using IChatClient client = new HymbaChatClient(engine).AsBuilder().UseFunctionInvocation().Build();

        AIFunction weather = AIFunctionFactory.Create((string city, string day) => new { weather = "rainy" }, "get_weather", "Get the weather in a city.");
        ChatOptions options = new() { Tools = [weather], Temperature = 0, MaxOutputTokens = 100 };
        ChatResponse response = await client.GetResponseAsync("Get the weather in Kostenwick on Friday.", options);
        Console.Write(response.Text); // The weather is rainy.
        // end
        Assert.Equal("The weather is rainy.", Console.Written);
    }

    [Fact]
    public async Task Conversations()
    {
        using HymbaModel model = HymbaModel.Load(Demo);
        using HymbaEngine engine = new(model);
        // begin docs/extensions-ai.md
        using HymbaChatClient client = new(engine);
        string id = client.CreateConversation();
        ChatOptions options = new() { ConversationId = id, Temperature = 0, MaxOutputTokens = 100 };
        foreach (string question in (string[])["What is 12 plus 7?", "What is 30 plus 4?"])
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(question, options))
                Console.Write(update.Text);
        }
        client.RemoveConversation(id);
        // end
        Assert.Matches("19.*34", Console.Written);
    }

    [Fact]
    public async Task Containers()
    {
        string folder = Demo;
        // begin docs/extensions-ai.md
        ServiceCollection services = new();
        services.AddHymba(new HymbaChatOptions { Model = folder, EngineOptions = new HymbaEngineOptions { MaxSequences = 8 } });
        services.AddChatClient(provider => provider.GetRequiredService<HymbaChatClient>()).UseFunctionInvocation().UseOpenTelemetry();
        // end
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(8, provider.GetRequiredService<IChatClient>().GetService<HymbaEngine>()!.MaxSequences);
    }

    [Fact]
    public async Task What_ChatOptions_lack()
    {
        using HymbaModel model = HymbaModel.Load(Demo);
        using HymbaEngine engine = new(model);
        using HymbaChatClient client = new(engine);
        string passage = File.ReadAllText(Path.Combine(Demo, "examples", "passage.txt"));
        // begin docs/extensions-ai.md
        ChatOptions options = new()
        {
            Temperature = 0,
            AdditionalProperties = new() { ["contexts"] = new[] { passage }, ["repeat_penalty"] = 1.05 },
            RawRepresentationFactory = _ => new GenerationOptions { MaxTokens = 100, PenaltyWindow = 32 },
        };
        ChatResponse response = await client.GetResponseAsync("Who owns the mill Torvane?", options);
        Console.Write(response.Text); // It is Hanno Brill.
        // end
        Assert.Equal("It is Hanno Brill.", Console.Written);
    }

    /// <summary>Stands in for the console, to be looked at.</summary>
    private static class Console
    {
        public static string Written { get; set; } = "";

        public static void Write(string text) => Written += text;
    }
}
