namespace HymbaSharp.Generation.Constraints;

/// <summary>What follows from a program's instructions: which rules may be empty, which lead anywhere, and in which order they call each other first.</summary>
internal sealed class GrammarAnalysis(IReadOnlyList<Instruction> instructions, IReadOnlyList<int[]> targets, IReadOnlyList<ByteSet> sets, IReadOnlyList<int> starts)
{
    /// <summary>The instructions from which the end of their rule can be reached, in time linear in their number.</summary>
    /// <param name="passesBytes">Whether bytes may be read on the way; if not, it is reached without any.</param>
    /// <param name="empty">The rules that may be empty, where that is known already.</param>
    public bool[] Fixpoint(bool passesBytes, bool[]? empty)
    {
        List<int>?[] dependents = new List<int>?[instructions.Count];
        for (int i = 0; i < instructions.Count; i++)
        {
            Instruction instruction = instructions[i];
            foreach (int on in instruction.Kind switch
            {
                InstructionKind.Bytes => [instruction.Next],
                InstructionKind.Split => targets[instruction.Argument],
                InstructionKind.Call => [instruction.Next, instruction.Skip, starts[instruction.Argument]],
                _ => (int[])[],
            })
                (dependents[on] ??= []).Add(i);
        }

        bool[] holds = new bool[instructions.Count];
        holds[GrammarProgram.Accept] = true;
        Stack<int> changed = new([GrammarProgram.Accept]);
        while (changed.TryPop(out int on))
        {
            foreach (int i in dependents[on] ?? [])
            {
                if (holds[i] || !Holds(instructions[i]))
                    continue;
                holds[i] = true;
                changed.Push(i);
            }
        }
        return holds;

        bool Holds(Instruction instruction) => instruction.Kind switch
        {
            InstructionKind.Bytes => passesBytes && holds[instruction.Next] && !sets[instruction.Argument].IsEmpty,
            InstructionKind.Split => targets[instruction.Argument].Any(target => holds[target]),
            InstructionKind.Call => holds[starts[instruction.Argument]]
                && ((passesBytes && holds[instruction.Next]) || ((empty?[instruction.Argument] ?? true) && holds[instruction.Skip])),
            _ => true,
        };
    }

    /// <summary>The rules in an order in which each comes after those that call it before reading a byte (Kahn 1962).</summary>
    /// <exception cref="GrammarException">There is none: a rule begins with itself.</exception>
    public int[] Order(IReadOnlyList<int[]> productiveTargets, bool[] mayBeEmpty, bool[] productive, Func<int, string> name)
    {
        HashSet<int>[] first = [.. starts.Select((start, rule) => productive[start] ? FirstCalls(start) : [])];
        int[] callers = new int[starts.Count];
        foreach (int callee in first.SelectMany(calls => calls))
            callers[callee]++;
        Queue<int> free = new(Enumerable.Range(0, starts.Count).Where(rule => callers[rule] == 0));
        List<int> order = [];
        while (free.TryDequeue(out int rule))
        {
            order.Add(rule);
            foreach (int callee in first[rule])
            {
                if (--callers[callee] == 0)
                    free.Enqueue(callee);
            }
        }
        if (order.Count < starts.Count)
            throw new GrammarException($"The grammar is left-recursive: {Cycle()}; allowed: a rule that reads something before it comes to itself again.");
        return [.. order];

        HashSet<int> FirstCalls(int start)
        {
            HashSet<int> seen = [start], calls = [];
            Stack<int> open = new(seen);
            while (open.TryPop(out int at))
            {
                Instruction instruction = instructions[at];
                if (instruction.Kind == InstructionKind.Split)
                {
                    foreach (int target in productiveTargets[instruction.Argument].Where(seen.Add))
                        open.Push(target);
                }
                else if (instruction.Kind == InstructionKind.Call)
                {
                    _ = calls.Add(instruction.Argument);
                    if (mayBeEmpty[instruction.Argument] && seen.Add(instruction.Skip))
                        open.Push(instruction.Skip);
                }
            }
            return calls;
        }

        string Cycle()
        {
            // Whoever is left over is called by one that is left over, so that going backwards comes round.
            HashSet<int> left = [.. Enumerable.Range(0, starts.Count).Except(order)];
            List<int> path = [left.First()];
            while (true)
            {
                int caller = left.First(rule => first[rule].Contains(path[^1]));
                int at = path.IndexOf(caller);
                path.Add(caller);
                if (at >= 0)
                    return string.Join(" begins with ", path.Skip(at).Reverse().Take(9).Select(name));
            }
        }
    }
}
