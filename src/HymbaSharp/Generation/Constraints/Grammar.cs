using System.Text.Json;

namespace HymbaSharp.Generation.Constraints;

/// <summary>
/// A set of texts that a model may write: context-free, over UTF-8. Immutable. <see cref="TokenConstraint"/> makes one ready for a vocabulary. What is
/// supported of each notation, and the whitespace of JSON, are in docs/constraints.md.
/// </summary>
public sealed class Grammar
{
    /// <summary>The longest regular expression, GBNF text, literal or JSON Schema, in UTF-16 units (a schema in bytes).</summary>
    public const int MaxTextLength = 1 << 18;

    /// <summary>The most levels that groups, schemas and compositions may nest.</summary>
    public const int MaxDepth = 256;

    /// <summary>The most rules, those that are made for repetitions and for parts of a schema included.</summary>
    public const int MaxRules = 20_000;

    /// <summary>The most states: a byte of a literal takes one, a copy of what is repeated takes one or two.</summary>
    public const int MaxStates = 200_000;

    /// <summary>The largest number in a repetition such as <c>{2,8}</c>, minLength or maxItems.</summary>
    public const int MaxRepetition = 10_000;

    private readonly Expression _root;
    private readonly GrammarProgram _program;

    private Grammar(Expression root)
    {
        _root = root;
        _program = ProgramBuilder.Build(root, default);
    }

    /// <summary>Any JSON object.</summary>
    public static Grammar AnyJsonObject { get; } = new(JsonText.AnyObject);

    /// <summary>The JSON texts that are valid against a schema, with its properties in the schema's order.</summary>
    /// <exception cref="GrammarException">The schema is no schema, admits nothing, uses a keyword that isn't supported or is beyond a limit.</exception>
    public static Grammar FromJsonSchema(JsonElement schema) => new(JsonSchemaCompiler.Compile(schema));

    /// <summary>The texts that a regular expression matches as a whole, in ECMAScript's notation.</summary>
    /// <exception cref="GrammarException">The expression has a mistake, needs backtracking (lookaround, backreferences) or is beyond a limit.</exception>
    public static Grammar FromRegex(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new(RegexParser.Parse(pattern, "The regular expression", set => set.Utf8()).Whole);
    }

    /// <summary>The texts of the rule <c>root</c> of a grammar in llama.cpp's GBNF.</summary>
    /// <exception cref="GrammarException">The text has a mistake, is left-recursive or is beyond a limit.</exception>
    public static Grammar FromGbnf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(GbnfParser.Parse(text));
    }

    /// <summary>One text.</summary>
    /// <exception cref="GrammarException">It is too long or holds half a surrogate pair.</exception>
    public static Grammar Literal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        RefuseLong("The literal", text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i])))
                throw new GrammarException($"The literal holds half a surrogate pair near its unit {i}; allowed: well-formed text.");
        }
        return new(Expression.Literal(text));
    }

    /// <summary>A text of each, one after the other; without any, the empty text.</summary>
    /// <exception cref="GrammarException">Together they are beyond a limit.</exception>
    public static Grammar Sequence(params IEnumerable<Grammar> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return new(Expression.Sequence(parts.Select(part => part._root)));
    }

    /// <summary>A text of any one.</summary>
    /// <exception cref="GrammarException">There is none, or together they are beyond a limit.</exception>
    public static Grammar Choice(params IEnumerable<Grammar> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return new(Expression.Choice(parts.Select(part => part._root)));
    }

    /// <summary>Texts of a grammar one after the other.</summary>
    /// <param name="part">The grammar.</param>
    /// <param name="min">At least so many, from 0 to <see cref="MaxRepetition"/>.</param>
    /// <param name="max">At most so many, from <paramref name="min"/> to <see cref="MaxRepetition"/>; null: without end.</param>
    /// <exception cref="GrammarException">A number is out of its range, or the whole is beyond a limit.</exception>
    public static Grammar Repeat(Grammar part, int min, int? max)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (min < 0 || max < min || (max ?? min) > MaxRepetition)
            throw new GrammarException($"A repetition of {min} to {max?.ToString() ?? "any number"}; allowed: 0 to {MaxRepetition}, the first no more than the last.");
        return new(Expression.Repeat(part._root, min, max));
    }

    /// <summary>The program without bytes that a vocabulary cannot write, in which nothing leads to a dead end either.</summary>
    internal GrammarProgram ProgramFor(ByteSet unwritable) =>
        _program.Sets.All(set => (set & unwritable).IsEmpty) ? _program : ProgramBuilder.Build(_root, unwritable);

    internal static void RefuseLong(string what, long length)
    {
        if (length > MaxTextLength)
            throw new GrammarException($"{what} is {length} long; allowed: {MaxTextLength}.");
    }
}
