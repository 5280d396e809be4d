using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using HymbaSharp.Chat;
using HymbaSharp.Generation;
using Microsoft.Extensions.AI;

namespace HymbaSharp.Extensions.AI;

/// <summary>What <see cref="ChatOptions"/> say, in the engine's terms.</summary>
internal sealed class RequestOptions
{
    private RequestOptions(GenerationOptions generation, ConversationOptions conversation, bool allowsSeveralCalls)
    {
        Generation = generation;
        Conversation = conversation;
        AllowsSeveralCalls = allowsSeveralCalls;
    }

    /// <summary>How to go on from the prompt.</summary>
    public GenerationOptions Generation { get; }

    /// <summary>What the prompt begins with.</summary>
    public ConversationOptions Conversation { get; }

    /// <summary>Whether there are tools, so that a call in the reply is one.</summary>
    public bool HasTools => Conversation.Tools.Count > 0;

    /// <summary>Whether a reply may go on after a call.</summary>
    public bool AllowsSeveralCalls { get; }

    /// <param name="options">A request's options; null: none.</param>
    /// <param name="client">Whom the request is for.</param>
    /// <exception cref="HymbaRequestException">An option is of a kind that cannot be used.</exception>
    public static RequestOptions Of(ChatOptions? options, HymbaChatClient client)
    {
        options ??= new ChatOptions();
        ModelName.Check(options.ModelId, client.ModelId);
        GenerationOptions given = options.RawRepresentationFactory?.Invoke(client) as GenerationOptions ?? new GenerationOptions();
        GenerationOptions generation = given with
        {
            MaxTokens = options.MaxOutputTokens ?? given.MaxTokens,
            Temperature = options.Temperature ?? given.Temperature,
            TopK = options.TopK ?? given.TopK,
            TopP = options.TopP ?? given.TopP,
            MinP = Number(options, "min_p") ?? given.MinP,
            RepetitionPenalty = Number(options, "repeat_penalty") ?? given.RepetitionPenalty,
            FrequencyPenalty = options.FrequencyPenalty ?? given.FrequencyPenalty,
            PresencePenalty = options.PresencePenalty ?? given.PresencePenalty,
            Seed = options.Seed is { } seed ? unchecked((ulong)seed) : given.Seed,
            StopStrings = options.StopSequences is { } stops ? [.. stops] : given.StopStrings,
        };
        AIFunctionDeclaration[] functions = options.ToolMode is NoneChatToolMode ? [] : [.. (options.Tools ?? []).Select(Function)];
        ConversationOptions conversation = new()
        {
            System = options.Instructions,
            Tools = [.. functions.Select(Schema)],
            Contexts = Contexts(options),
        };
        return new RequestOptions(ReplyConstraint.Apply(generation, options, functions, client.Constraints), conversation, options.AllowMultipleToolCalls ?? true);
    }

    private static AIFunctionDeclaration Function(AITool tool) => tool as AIFunctionDeclaration
        ?? throw new HymbaRequestException($"The tool '{tool.Name}' is a {tool.GetType().Name}; allowed are functions (AIFunctionDeclaration).");

    private static JsonElement Schema(AIFunctionDeclaration function)
    {
        JsonObject described = new() { ["name"] = function.Name };
        if (function.Description.Length > 0)
            described["description"] = function.Description;
        described["parameters"] = JsonObject.Create(function.JsonSchema);
        return JsonSerializer.SerializeToElement(new JsonObject { ["type"] = "function", ["function"] = described });
    }

    private static float? Number(ChatOptions options, string name) => options.AdditionalProperties?.GetValueOrDefault(name) switch
    {
        null => null,
        JsonElement { ValueKind: JsonValueKind.Number } json => json.GetSingle(),
        object value when value is float or double or decimal or int or long => Convert.ToSingle(value, CultureInfo.InvariantCulture),
        object value => throw new HymbaRequestException($"AdditionalProperties[\"{name}\"] is a {value.GetType().Name}; a number is needed."),
    };

    private static string[] Contexts(ChatOptions options)
    {
        IEnumerable<string?> contexts = options.AdditionalProperties?.GetValueOrDefault("contexts") switch
        {
            null => [],
            IEnumerable<string> texts => texts,
            JsonElement { ValueKind: JsonValueKind.Array } json => json.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString() : null),
            _ => [null],
        };
        return [.. contexts.Select(text => text ?? throw new HymbaRequestException("AdditionalProperties[\"contexts\"] is no list of strings, which is needed."))];
    }
}
