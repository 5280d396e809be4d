namespace HymbaSharp.Generation.Constraints;

internal enum InstructionKind : byte
{
    /// <summary>The end of the rule.</summary>
    Accept,

    /// <summary>A byte of the set <see cref="Instruction.Argument"/>, then on.</summary>
    Bytes,

    /// <summary>The rule <see cref="Instruction.Argument"/>, then on; where that rule may be empty, <see cref="Instruction.Skip"/> without it.</summary>
    Call,

    /// <summary>On with any of the targets <see cref="Instruction.Argument"/>.</summary>
    Split,
}

internal readonly record struct Instruction(InstructionKind Kind, int Argument, int Next, int Skip);

/// <summary>
/// A grammar as a recursive transition network (Woods 1970) over bytes: rules made of instructions that call each other. Nothing in it leads to a
/// dead end, and no rule calls itself before it has read a byte. Immutable.
/// </summary>
internal sealed class GrammarProgram
{
    public const int Accept = 0;

    public required Instruction[] Instructions { get; init; }

    public required ByteSet[] Sets { get; init; }

    /// <summary>Of each split, where it may go on.</summary>
    public required int[][] Targets { get; init; }

    /// <summary>Of each rule, its first instruction. Rules stand in an order in which none calls one before it as its first.</summary>
    public required int[] Starts { get; init; }

    public required bool[] MayBeEmpty { get; init; }

    public required int Root { get; init; }

    /// <summary>Bytes that no set tells apart have the same class.</summary>
    public required byte[] ClassOf { get; init; }

    /// <summary>One byte of each class.</summary>
    public required byte[] Representatives { get; init; }
}
