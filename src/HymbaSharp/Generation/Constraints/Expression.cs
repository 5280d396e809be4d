using System.Text;

namespace HymbaSharp.Generation.Constraints;

/// <summary>What a grammar's text may be, over bytes: an immutable tree whose only way back up is a <see cref="ReferenceExpression"/>.</summary>
/// <param name="Size">Instructions it compiles to, about.</param>
/// <param name="Depth">Levels of nesting.</param>
internal abstract record Expression(long Size, int Depth)
{
    public static readonly Expression Empty = new SequenceExpression([]), Nothing = new BytesExpression(default);

    public static Expression Bytes(ByteSet set) => new BytesExpression(set);

    public static Expression Byte(char ascii) => new BytesExpression(ByteSet.Of((byte)ascii));

    public static Expression Literal(ReadOnlySpan<byte> text)
    {
        List<Expression> bytes = new(text.Length);
        foreach (byte value in text)
            bytes.Add(new BytesExpression(ByteSet.Of(value)));
        return Sequence(bytes);
    }

    public static Expression Literal(string text) => Literal(Encoding.UTF8.GetBytes(text));

    public static Expression Sequence(params IEnumerable<Expression> parts)
    {
        List<Expression> flat = [];
        foreach (Expression part in parts)
        {
            if (part is SequenceExpression inner)
                flat.AddRange(inner.Parts);
            else
                flat.Add(part);
        }
        return flat.Count == 1 ? flat[0] : new SequenceExpression([.. flat]);
    }

    /// <summary>Any of several; alternatives of one byte become one set, so that a character costs one instruction.</summary>
    public static Expression Choice(params IEnumerable<Expression> parts)
    {
        List<Expression> flat = [];
        ByteSet single = default;
        foreach (Expression part in parts.SelectMany(part => part is ChoiceExpression inner ? inner.Parts : [part]))
        {
            if (part is BytesExpression bytes)
                single |= bytes.Set;
            else
                flat.Add(part);
        }
        if (!single.IsEmpty)
            flat.Insert(0, new BytesExpression(single));
        return flat.Count switch { 0 => Nothing, 1 => flat[0], _ => new ChoiceExpression([.. flat]) };
    }

    public static Expression Optional(Expression body) => Choice(Empty, body);

    /// <param name="body">What is repeated.</param>
    /// <param name="min">At least so often.</param>
    /// <param name="max">At most so often; null: without end.</param>
    public static Expression Repeat(Expression body, int min, int? max) =>
        (min, max) switch
        {
            (1, 1) => body,
            (_, 0) => Empty,
            // A body of several instructions that is copied becomes a rule of its own: a copy is then one instruction.
            _ when body.Size > 1 && (max ?? min + 1) > 1 && (min, max) != (0, null) => new RepeatExpression(new ReferenceExpression(new Rule("(repetition)") { Body = body }), min, max),
            _ => new RepeatExpression(body, min, max),
        };

    public static Expression Star(Expression body) => Repeat(body, 0, null);
}

internal sealed record BytesExpression(ByteSet Set) : Expression(1, 1);

internal sealed record SequenceExpression(Expression[] Parts) : Expression(1 + Parts.Sum(part => part.Size), 1 + Parts.Select(part => part.Depth).DefaultIfEmpty().Max());

internal sealed record ChoiceExpression(Expression[] Parts) : Expression(1 + Parts.Sum(part => part.Size), 1 + Parts.Select(part => part.Depth).DefaultIfEmpty().Max());

internal sealed record RepeatExpression(Expression Body, int Min, int? Max)
    : Expression(2 + (Body.Size + 1) * Math.Max(Max ?? Min + 1, 1), 1 + Body.Depth);

internal sealed record ReferenceExpression(Rule Rule) : Expression(1, 1);

/// <summary>A part of a grammar with a name, which it may refer to itself by.</summary>
internal sealed class Rule(string name)
{
    public string Name { get; } = name;

    /// <summary>Set once, while the grammar is read.</summary>
    public Expression Body { get; set; } = Expression.Nothing;
}
