using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Server.Api;

/// <summary>
/// The form that a request demands of its reply: <c>response_format</c>, <c>grammar</c> (GBNF), <c>guided_regex</c>, or a call by <c>tool_choice</c>.
/// </summary>
internal sealed class ReplyForm
{
    private readonly string _key;
    private readonly Func<Grammar> _grammar;
    private readonly string _param;

    private ReplyForm(string key, Func<Grammar> grammar, string param) => (_key, _grammar, _param) = (key, grammar, param);

    /// <summary>What is demanded of a reply's text; null: nothing.</summary>
    public static ReplyForm? Read(RequestFields fields)
    {
        List<ReplyForm> forms = [];
        if (fields.Text("grammar") is { Length: > 0 } gbnf)
            forms.Add(new ReplyForm($"gbnf {gbnf}", () => Grammar.FromGbnf(gbnf), "grammar"));
        if (fields.Text("guided_regex") is { Length: > 0 } pattern)
            forms.Add(new ReplyForm($"regex {pattern}", () => Grammar.FromRegex(pattern), "guided_regex"));
        if (fields.Object("response_format") is { } format && OfFormat(format) is { } form)
            forms.Add(form);
        return forms.Count <= 1 ? forms.FirstOrDefault() : throw ApiException.Invalid("'response_format', 'grammar' and 'guided_regex' can't be combined.", forms[1]._param);
    }

    /// <summary>JSON of a schema.</summary>
    public static ReplyForm OfSchema(JsonElement schema, string param) => new($"schema {schema.GetRawText()}", () => Grammar.FromJsonSchema(schema), param);

    /// <summary>Any JSON object.</summary>
    public static ReplyForm OfAnyObject(string param) => new("object", () => Grammar.AnyJsonObject, param);

    /// <summary>A call of one of the tools.</summary>
    public static ReplyForm OfCall(IReadOnlyList<(string Name, JsonElement? Parameters)> tools) =>
        new($"call {string.Join('\n', tools.Select(tool => $"{tool.Name} {tool.Parameters?.GetRawText()}"))}", () => ToolCallGrammar.Of(tools), "tools");

    /// <summary>This or another form.</summary>
    public ReplyForm Or(ReplyForm other) => new($"{_key}\nor {other._key}", () => Grammar.Choice(_grammar(), other._grammar()), _param);

    /// <summary>The constraint that holds a reply to it.</summary>
    /// <exception cref="ApiException">It can't be kept.</exception>
    public TokenConstraint Compile(ServedModel model, bool continuesText)
    {
        try
        {
            return model.Constraints.Get(_key, _grammar, allowsLeadingSpace: !continuesText);
        }
        catch (GrammarException error)
        {
            throw ApiException.Invalid(error.Message, _param, "unsupported_format");
        }
    }

    private static ReplyForm? OfFormat(RequestFields format)
    {
        switch (format.Text("type"))
        {
            case "text":
                return null;
            case "json_object":
                return OfAnyObject("response_format");
            case "json_schema":
                RequestFields named = format.Object("json_schema") ?? throw ApiException.Invalid("'response_format' has no 'json_schema'.", "response_format");
                return OfSchema(named.Member("schema") ?? throw ApiException.Invalid("'response_format.json_schema' has no 'schema'.", "response_format"), "response_format");
            case var type:
                throw ApiException.Invalid($"'response_format.type' is '{type}'; text, json_object or json_schema is needed.", "response_format");
        }
    }
}
