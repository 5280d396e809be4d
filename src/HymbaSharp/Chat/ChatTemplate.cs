using System.Text.Json;
using HymbaSharp.Chat.Jinja;

namespace HymbaSharp.Chat;

/// <summary>
/// A checkpoint's chat template (<c>chat_template</c> in tokenizer_config.json): turns a conversation into the text of a prompt.
/// It renders what Hugging Face Transformers renders. Templates are not trusted: each ends within bounded work, text and depth.
/// Instances are immutable and can be used from several threads.
/// </summary>
public sealed class ChatTemplate
{
    private readonly JinjaTemplate _template;

    private ChatTemplate(JinjaTemplate template) => _template = template;

    /// <summary>Parses a template.</summary>
    /// <exception cref="ChatTemplateException">It is not a template, or uses a statement chat templates do not use.</exception>
    public static ChatTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new ChatTemplate(JinjaTemplate.Parse(source));
    }

    /// <summary>Renders the prompt. It is to be encoded without a BOS token added: a template that wants one writes it.</summary>
    /// <exception cref="ChatTemplateException">The template fails on this input, refuses it, or exceeds what one rendering may take.</exception>
    public string Render(ChatTemplateInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Budget budget = new();
        return _template.Render(Variables(input, budget), input.Clock, budget);
    }

    private static Dictionary<string, object> Variables(ChatTemplateInput input, Budget budget)
    {
        try
        {
            Neutralisation neutralise = input.NeutraliseMarkers ? Neutralisation.Of(input.SpecialTokens) : Neutralisation.Off;
            Dictionary<string, object> variables = new(StringComparer.Ordinal)
            {
                ["messages"] = new ListValue([.. input.Messages.Select(message => Import(message, neutralise, budget))]),
                ["tools"] = input.Tools is null
                    ? None.Value
                    : new ListValue([.. input.Tools.Select(tool => Json.Import(tool, neutralise.Untrusted, budget))]),
                ["documents"] = None.Value,
                ["add_generation_prompt"] = input.AddGenerationPrompt,
            };
            if (input.Contexts is not null)
                variables["contexts"] = new ListValue([.. input.Contexts.Select(neutralise.Untrusted)]);
            if (input.BosToken is not null)
                variables["bos_token"] = input.BosToken;
            if (input.EosToken is not null)
                variables["eos_token"] = input.EosToken;
            foreach ((string name, JsonElement value) in input.Variables ?? new Dictionary<string, JsonElement>())
                variables[name] = Json.Import(value, text => text, budget);
            return variables;
        }
        catch (JinjaFault fault)
        {
            throw new ChatTemplateException(fault.Message, 0, 0);
        }
    }

    private static DictValue Import(ChatMessage message, Neutralisation neutralise, Budget budget)
    {
        Func<string, string> text = message.Role switch
        {
            "system" => neutralise.System,
            "assistant" => neutralise.Assistant,
            _ => neutralise.Untrusted,
        };
        DictValue dict = new();
        dict.Set("role", neutralise.Untrusted(message.Role), budget);
        dict.Set("content", text(message.Content), budget);
        foreach ((string name, JsonElement value) in message.Fields ?? new Dictionary<string, JsonElement>())
        {
            if (name == "role")
                throw new JinjaFault("a message has its role in Role; its further fields cannot hold 'role'");
            dict.Set(text(name), Json.Import(value, text, budget), budget);
        }
        return dict;
    }
}
