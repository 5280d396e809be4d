using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Generation;

/// <summary>
/// Chooses the next token of one sequence from its logits. The order, llama.cpp's: logit bias, penalties, the constraint, top-k, top-p, min-p,
/// temperature, draw. The draw inverts the cumulative distribution over ascending token ids with one number of the generator, so that
/// it depends on the logits, the options and the seed, and not on how the filters are computed. Everything is preallocated.
/// </summary>
internal sealed class Sampler
{
    private const int RandomStateLength = 4 * sizeof(ulong);

    private readonly int _vocabularySize;
    private readonly float _topP, _minP;
    private readonly double _inverseTemperature;          // +∞: greedy
    private readonly (int Token, float Bias)[] _biases;
    private readonly PenaltyHistory? _penalties;          // null: all off
    private readonly ConstraintState? _constraint;        // null: anything goes
    private readonly float[] _adjusted;                   // [V] logits after bias and penalties; empty without either
    private readonly float[] _heap;                       // [k]; empty without top-k
    private readonly int[] _ids;                          // [k or V] the candidates by ascending id
    private readonly float[] _logits;                     // [k or V] theirs
    private readonly double[] _weights;                   // [k or V] their probabilities relative to the most probable
    private readonly Nucleus? _nucleus;                   // null: top-p is off
    private Xoshiro256 _random;

    /// <param name="options">Validated here.</param>
    /// <param name="vocabularySize">V, the length of the logits.</param>
    /// <param name="contextLength">The most tokens the sequence can have; bounds a penalty window that is wider.</param>
    /// <param name="endOfText">The tokens that <see cref="GenerationOptions.IgnoreEndOfText"/> excludes; those outside the vocabulary need no excluding.</param>
    public Sampler(GenerationOptions options, int vocabularySize, int contextLength, params ReadOnlySpan<int> endOfText)
    {
        options.Validate(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(contextLength);

        _vocabularySize = vocabularySize;
        _topP = options.TopP;
        _minP = options.MinP;
        _inverseTemperature = 1.0 / options.Temperature;
        _biases = Biases(options, vocabularySize, endOfText);
        bool penalized = options.RepetitionPenalty != 1 || options.PresencePenalty != 0 || options.FrequencyPenalty != 0;
        _penalties = penalized ? new PenaltyHistory(options, vocabularySize, contextLength) : null;
        _constraint = options.Constraint?.Start();
        _adjusted = penalized || _biases.Length > 0 || _constraint is not null ? new float[vocabularySize] : [];

        bool greedy = double.IsInfinity(_inverseTemperature);
        int topK = options.TopK < vocabularySize ? options.TopK : 0;
        int candidates = greedy ? 0 : topK > 0 ? topK : vocabularySize;
        _heap = greedy ? [] : new float[topK];
        _ids = new int[candidates];
        _logits = new float[candidates];
        _weights = new double[candidates];
        _nucleus = !greedy && _topP < 1 ? new Nucleus(candidates) : null;

        Seed = options.Seed ?? unchecked((ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue));
        _random = new Xoshiro256(Seed);
    }

    /// <summary>The seed in use: the option's, or the one drawn in its absence.</summary>
    public ulong Seed { get; }

    /// <summary>Counts the prompt's tokens for the repetition penalty.</summary>
    public void AcceptPrompt(ReadOnlySpan<int> tokens)
    {
        if (_penalties is null)
            return;
        foreach (int token in tokens[Math.Max(0, tokens.Length - _penalties.Capacity)..])
            _penalties.Add(token, generated: false);
    }

    /// <summary>Counts a generated token for penalties and constraint. To be called for every token that enters the sequence, sampled or forced.</summary>
    public void AcceptGenerated(int token)
    {
        _penalties?.Add(token, generated: true);
        _ = _constraint?.TryAccept(token);
    }

    /// <summary>Whether the constraint allows no further text.</summary>
    public bool IsDone => _constraint is { IsDone: true };

    /// <summary>
    /// The next token. A logit that is not a number or −∞ is never chosen; +∞ counts as the largest finite number. Greedy choices take
    /// nothing from the random generator, others exactly one number.
    /// </summary>
    /// <param name="logits">[V], left as they are.</param>
    /// <exception cref="GenerationException">Every logit is excluded.</exception>
    /// <exception cref="GrammarException">The constraint's grammar is too ambiguous to be followed.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        if (logits.Length != _vocabularySize)
            throw new ArgumentException($"{logits.Length} logits were given for a vocabulary of {_vocabularySize}.", nameof(logits));
        ReadOnlySpan<float> adjusted = Adjust(logits);
        int token = double.IsInfinity(_inverseTemperature) ? TopLogits.Largest(adjusted) : Draw(adjusted);
        if (token < 0)
            ThrowNoCandidate(logits);
        return token;
    }

    private ReadOnlySpan<float> Adjust(ReadOnlySpan<float> logits)
    {
        if (_adjusted.Length == 0)
            return logits;
        logits.CopyTo(_adjusted);
        foreach ((int token, float bias) in _biases)
            _adjusted[token] += bias;
        _penalties?.Apply(_adjusted);
        _constraint?.Mask(_adjusted);
        return _adjusted;
    }

    private int Draw(ReadOnlySpan<float> logits)
    {
        int count = TopLogits.Select(logits, _heap, _ids, _logits);
        if (count == 0)
            return -1;
        float max = _logits[TopLogits.Largest(_logits.AsSpan(0, count))];
        bool filtered = _topP < 1 || _minP > 0;
        double mass = 0;
        if (filtered)
        {
            mass = SoftmaxWeights.Compute(_logits.AsSpan(0, count), max, 1, _weights);
            count = KeepProbable(count, mass);
        }
        mass = filtered && _inverseTemperature == 1
            ? SoftmaxWeights.Sum(_weights.AsSpan(0, count))
            : SoftmaxWeights.Compute(_logits.AsSpan(0, count), max, _inverseTemperature, _weights);

        double target = _random.NextDouble() * mass;
        int choice = 0;
        for (double cumulative = _weights[0]; cumulative <= target && choice < count - 1; cumulative += _weights[choice])
            choice++;
        return _ids[choice];
    }

    /// <summary>
    /// Top-p and min-p. Both keep the most probable tokens down to some rank, so their order does not matter: min-p goes first, because it
    /// needs no selection and often leaves less than the nucleus. The nucleus is measured by the mass before it.
    /// </summary>
    private int KeepProbable(int count, double mass)
    {
        if (_minP > 0)
            count = Keep(count, _minP, int.MaxValue);
        if (_nucleus is null)
            return count;
        double target = _topP * mass;
        ReadOnlySpan<double> weights = _weights.AsSpan(0, count);
        double left = SoftmaxWeights.Sum(weights);
        if (left <= target)
            return count;
        (double weight, int index) = _nucleus.Last(weights, left, target);
        return Keep(count, weight, index);
    }

    /// <summary>Keeps the candidates of a larger weight than given, and those of an equal weight up to an index, in their order.</summary>
    private int Keep(int count, double weight, int lastIndex)
    {
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            if (_weights[i] > weight || (_weights[i] == weight && i <= lastIndex))
            {
                _ids[kept] = _ids[i];
                _logits[kept] = _logits[i];
                _weights[kept++] = _weights[i];
            }
        }
        return kept;
    }

    /// <summary>
    /// What the next choices depend on beside the options: the generator's state, four 64-bit numbers, then the tokens in the penalties'
    /// window from the oldest on, each a 32-bit number, id · 2 + 1 where generated. Little-endian. Without penalties there are no tokens.
    /// A constraint's place in its grammar is not part of it: whoever restores accepts the text written so far anew.
    /// </summary>
    public byte[] SaveState()
    {
        byte[] saved = new byte[RandomStateLength + sizeof(int) * (_penalties?.Count ?? 0)];
        (ulong s0, ulong s1, ulong s2, ulong s3) = _random.State;
        BinaryPrimitives.WriteUInt64LittleEndian(saved, s0);
        BinaryPrimitives.WriteUInt64LittleEndian(saved.AsSpan(8), s1);
        BinaryPrimitives.WriteUInt64LittleEndian(saved.AsSpan(16), s2);
        BinaryPrimitives.WriteUInt64LittleEndian(saved.AsSpan(24), s3);
        for (int i = 0; i < (_penalties?.Count ?? 0); i++)
            BinaryPrimitives.WriteInt32LittleEndian(saved.AsSpan(RandomStateLength + sizeof(int) * i), _penalties![i]);
        return saved;
    }

    /// <summary>Goes on from a state that a sampler of the same options saved.</summary>
    /// <exception cref="GenerationException">The bytes are not such a state; this sampler is unchanged.</exception>
    public void RestoreState(ReadOnlySpan<byte> saved)
    {
        int count = (saved.Length - RandomStateLength) / sizeof(int);
        int capacity = _penalties?.Capacity ?? 0;
        if (saved.Length < RandomStateLength || saved.Length % sizeof(int) != 0 || count > capacity)
            throw new GenerationException($"A saved sampler state has {saved.Length} bytes; allowed: {RandomStateLength}, and 4 for each of at most {capacity} tokens in the penalties' window.");
        if (!saved[..RandomStateLength].ContainsAnyExcept((byte)0))
            throw new GenerationException("A saved sampler state has a random generator of zeros; allowed: any other.");

        ReadOnlySpan<byte> tokens = saved[RandomStateLength..];
        for (int i = 0; i < count; i++)
        {
            uint token = BinaryPrimitives.ReadUInt32LittleEndian(tokens[(sizeof(int) * i)..]) >> 1;
            if (token >= _vocabularySize)
                throw new GenerationException($"A saved sampler state holds token {token}; allowed: 0 to {_vocabularySize - 1}.");
        }

        _random = new Xoshiro256(
            BinaryPrimitives.ReadUInt64LittleEndian(saved), BinaryPrimitives.ReadUInt64LittleEndian(saved[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(saved[16..]), BinaryPrimitives.ReadUInt64LittleEndian(saved[24..]));
        _penalties?.Clear();
        for (int i = 0; i < count; i++)
        {
            int entry = BinaryPrimitives.ReadInt32LittleEndian(tokens[(sizeof(int) * i)..]);
            _penalties!.Add(entry >> 1, (entry & 1) != 0);
        }
    }

    private static (int, float)[] Biases(GenerationOptions options, int vocabularySize, ReadOnlySpan<int> endOfText)
    {
        List<(int, float)> biases = [.. options.LogitBias.Select(bias => (bias.Key, bias.Value))];
        if (options.IgnoreEndOfText)
        {
            foreach (int token in endOfText)
            {
                if (token >= 0 && token < vocabularySize)
                    biases.Add((token, float.NegativeInfinity));
            }
        }
        return [.. biases];
    }

    [DoesNotReturn]
    private static void ThrowNoCandidate(ReadOnlySpan<float> logits)
    {
        int notNumbers = 0, excluded = 0;
        foreach (float logit in logits)
        {
            notNumbers += float.IsNaN(logit) ? 1 : 0;
            excluded += float.IsNegativeInfinity(logit) ? 1 : 0;
        }
        throw new GenerationException(
            $"No token can be chosen: of {logits.Length} logits, {notNumbers} are not a number, {excluded} are negative infinity and the options exclude the rest.");
    }
}
