namespace HymbaSharp.Generation.Constraints;

/// <summary>An instruction and who called its rule. Nodes are told apart by identity, which interning makes the same as content.</summary>
internal readonly struct Frame(int instruction, StackNode node) : IComparable<Frame>, IEquatable<Frame>
{
    public int Instruction { get; } = instruction;

    public StackNode Node { get; } = node;

    public bool Equals(Frame other) => Instruction == other.Instruction && ReferenceEquals(Node, other.Node);

    public override bool Equals(object? obj) => obj is Frame other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Instruction, Node.Id);

    public int CompareTo(Frame other) => Instruction != other.Instruction ? Instruction.CompareTo(other.Instruction) : Node.Id.CompareTo(other.Node.Id);
}

/// <summary>
/// A call of a rule: all places it returns to. Nodes of equal content are one object, so that the stacks of all readings of a text share what they have in common
/// (Tomita 1987, graph-structured stacks).
/// </summary>
internal sealed class StackNode(long id, Frame[] frames) : IEquatable<StackNode>
{
    /// <summary>The caller of the root rule, which returns nowhere.</summary>
    public static readonly StackNode Root = new(0, []);

    public long Id { get; } = id;

    public Frame[] Frames { get; } = frames;

    public bool Equals(StackNode? other) => other is not null && Frames.AsSpan().SequenceEqual(other.Frames);

    public override bool Equals(object? obj) => Equals(obj as StackNode);

    public override int GetHashCode() => FrameHash.Of(Frames);
}

/// <summary>
/// Everything that a text so far may go on as: byte instructions, each with its stack. What follows from a state is remembered in it, as an automaton that is
/// made while it runs.
/// </summary>
internal sealed class ParserState(Frame[] items, bool isFinal, long generation) : IEquatable<ParserState>
{
    /// <summary>Where no text of the grammar leads.</summary>
    public static readonly ParserState Dead = new([], isFinal: false, -1);

    private ulong[]? _mask;

    public Frame[] Items { get; } = items;

    /// <summary>Whether the text can end here.</summary>
    public bool IsFinal { get; } = isFinal;

    /// <summary>When the state was made; before the automaton last forgot, or since.</summary>
    public long Generation { get; } = generation;

    /// <summary>By class of byte, the next state; null where it isn't known yet. Guarded by the automaton's lock.</summary>
    public ParserState?[]? Next { get; set; }

    /// <summary>The tokens allowed, a bit each; null where they aren't known yet.</summary>
    public ulong[]? Mask
    {
        get => Volatile.Read(ref _mask);
        set => Volatile.Write(ref _mask, value);
    }

    public bool Equals(ParserState? other) => other is not null && IsFinal == other.IsFinal && Items.AsSpan().SequenceEqual(other.Items);

    public override bool Equals(object? obj) => Equals(obj as ParserState);

    public override int GetHashCode() => FrameHash.Of(Items) ^ (IsFinal ? 1 : 0);
}

internal static class FrameHash
{
    public static int Of(Frame[] frames)
    {
        ulong hash = 0xCBF29CE484222325; // FNV-1a over words
        foreach (Frame frame in frames)
        {
            hash = (hash ^ (uint)frame.Instruction) * 0x100000001B3;
            hash = (hash ^ (ulong)frame.Node.Id) * 0x100000001B3;
        }
        return (int)(hash ^ (hash >> 32));
    }
}
