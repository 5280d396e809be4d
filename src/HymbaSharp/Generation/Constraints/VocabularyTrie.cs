using System.Runtime.CompilerServices;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Generation.Constraints;

/// <summary>The bytes of all tokens that stand for text, as a tree of their common beginnings, laid out in the order in which it is walked.</summary>
internal sealed class VocabularyTrie
{
    // Building one takes longer than all else about a constraint, and a server makes a constraint for each request.
    private static readonly ConditionalWeakTable<Tokenizer, VocabularyTrie> Shared = [];

    private readonly byte[] _value;     // of each node, the byte that leads to it; the root is not held
    private readonly int[] _depth;      // how many bytes lead to it, from 1
    private readonly int[] _next;       // the first node that is not below it
    private readonly int[] _tokens;     // ids by node
    private readonly int[] _firstToken; // [nodes + 1] where each node's begin; a node that only leads on has none
    private readonly int _maxDepth;

    private VocabularyTrie(Tokenizer tokenizer, bool[] excluded)
    {
        List<(byte[] Bytes, int Id)> tokens = [];
        for (int id = 0; id < Math.Min(tokenizer.VocabularySize, excluded.Length); id++)
        {
            if (!tokenizer.IsSpecial(id) && !excluded[id])
                tokens.Add((tokenizer.Bytes(id).ToArray(), id));
        }
        tokens.Sort((a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes) is var order and not 0 ? order : a.Id.CompareTo(b.Id));

        List<byte> value = [];
        List<int> depth = [], firstToken = [];
        byte[] last = [];
        for (int i = 0; i < tokens.Count; i++)
        {
            byte[] bytes = tokens[i].Bytes;
            for (int at = bytes.AsSpan().CommonPrefixLength(last); at < bytes.Length; at++)
            {
                value.Add(bytes[at]);
                depth.Add(at + 1);
                firstToken.Add(i);
            }
            last = bytes;
        }
        _value = [.. value];
        _depth = [.. depth];
        _firstToken = [.. firstToken, tokens.Count];
        _tokens = [.. tokens.Select(token => token.Id)];
        _maxDepth = depth.DefaultIfEmpty().Max();
        _next = new int[value.Count];
        Stack<int> open = [];
        for (int node = 0; node <= value.Count; node++)
        {
            while (open.TryPeek(out int above) && (node == value.Count || depth[above] >= depth[node]))
                _next[open.Pop()] = node;
            open.Push(node);
        }
    }

    /// <param name="tokenizer">Whose tokens.</param>
    /// <param name="excluded">By id, whether a token stands for no text, beside the special ones; ids beyond are left out.</param>
    public static VocabularyTrie Of(Tokenizer tokenizer, bool[] excluded)
    {
        bool isWhole = excluded.Length >= tokenizer.VocabularySize;
        for (int id = 0; id < tokenizer.VocabularySize && isWhole; id++)
            isWhole = !excluded[id] || tokenizer.IsSpecial(id);
        return isWhole ? Shared.GetValue(tokenizer, _ => new VocabularyTrie(tokenizer, excluded)) : new VocabularyTrie(tokenizer, excluded);
    }

    /// <summary>The bytes that no token stands for alone.</summary>
    public ByteSet Unwritable()
    {
        ByteSet missing = ByteSet.Range(0, 255);
        for (int node = 0; node < _value.Length; node++)
        {
            if (_depth[node] == 1 && _firstToken[node] < _firstToken[node + 1])
                missing = missing.Except(ByteSet.Of(_value[node]));
        }
        return missing;
    }

    /// <summary>Sets the bit of each token whose bytes the grammar allows after a text.</summary>
    /// <param name="automaton">The grammar.</param>
    /// <param name="start">The state after that text.</param>
    /// <param name="afterSpace">The state that a space leads to, in place of the grammar's own; null: the grammar's.</param>
    /// <param name="mask">A bit for each token, none set.</param>
    /// <exception cref="GrammarException">The grammar is too ambiguous.</exception>
    public void Allow(GrammarAutomaton automaton, ParserState start, ParserState? afterSpace, ulong[] mask)
    {
        ParserState[] path = new ParserState[_maxDepth + 1];
        path[0] = start;
        for (int node = 0; node < _value.Length;)
        {
            int depth = _depth[node];
            byte value = _value[node];
            ParserState state = depth == 1 && value == ' ' && afterSpace is not null ? afterSpace : automaton.Step(path[depth - 1], value);
            if (ReferenceEquals(state, ParserState.Dead))
            {
                node = _next[node];
                continue;
            }
            path[depth] = state;
            for (int i = _firstToken[node]; i < _firstToken[node + 1]; i++)
                mask[_tokens[i] >> 6] |= 1UL << _tokens[i];
            node++;
        }
    }
}
