namespace HymbaSharp.Chat.Jinja;

/// <summary>A parsed template in the dialect of Jinja that chat templates use, with the settings Hugging Face renders them under.</summary>
internal sealed class JinjaTemplate
{
    private const int MaxSource = 1 << 20;

    private readonly string _source;
    private readonly Statement[] _statements;

    private JinjaTemplate(string source, Statement[] statements)
    {
        _source = source;
        _statements = statements;
    }

    public static JinjaTemplate Parse(string source)
    {
        if (source.Length > MaxSource)
            throw new ChatTemplateException($"{source.Length} characters; {MaxSource} are allowed", 0, 0);
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        try
        {
            return new JinjaTemplate(source, Parser.Parse(source));
        }
        catch (JinjaFault fault)
        {
            throw At(source, fault.At ?? 0, fault.Message);
        }
    }

    public string Render(IEnumerable<KeyValuePair<string, object>> variables, TimeProvider clock, Budget budget)
    {
        Evaluator evaluator = new(variables, clock, budget);
        try
        {
            return evaluator.Render(_statements);
        }
        catch (JinjaFault fault)
        {
            throw At(_source, evaluator.At, fault.Message);
        }
    }

    private static ChatTemplateException At(string source, int offset, string message)
    {
        ReadOnlySpan<char> before = source.AsSpan(0, offset);
        return new ChatTemplateException(message, before.Count('\n') + 1, offset - (before.LastIndexOf('\n') + 1) + 1);
    }
}
