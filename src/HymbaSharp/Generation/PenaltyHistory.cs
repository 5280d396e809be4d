namespace HymbaSharp.Generation;

/// <summary>The last tokens of prompt and generated text, and the penalties they put on the next choice.</summary>
internal sealed class PenaltyHistory
{
    private readonly float _repetition, _presence, _frequency;
    private readonly int[] _window;       // ring: token id · 2, + 1 where generated
    private readonly int[] _occurrences;  // [V] within the window, prompt and generated
    private readonly int[] _generated;    // [V] within the window, generated only
    private int _oldest;

    public PenaltyHistory(GenerationOptions options, int vocabularySize, int contextLength)
    {
        (_repetition, _presence, _frequency) = (options.RepetitionPenalty, options.PresencePenalty, options.FrequencyPenalty);
        _window = new int[Math.Min(options.PenaltyWindow ?? contextLength, contextLength)];
        _occurrences = new int[vocabularySize];
        _generated = new int[vocabularySize];
    }

    /// <summary>The tokens in the window.</summary>
    public int Count { get; private set; }

    public int Capacity => _window.Length;

    /// <summary>The i-th oldest token in the window: its id · 2, + 1 where it was generated.</summary>
    public int this[int i] => _window[(_oldest + i) % _window.Length];

    public void Add(int token, bool generated)
    {
        if (Count == _window.Length)
            Forget(_window[_oldest]);
        int entry = token << 1 | (generated ? 1 : 0);
        _window[(_oldest + Count) % _window.Length] = entry;
        Count++;
        _occurrences[token]++;
        _generated[token] += entry & 1;
    }

    public void Clear()
    {
        while (Count > 0)
            Forget(_window[_oldest]);
    }

    public void Apply(Span<float> logits)
    {
        for (int token = 0; token < logits.Length; token++)
        {
            if (_occurrences[token] == 0)
                continue;
            float logit = logits[token];
            logit = logit > 0 ? logit / _repetition : logit * _repetition;
            int generated = _generated[token];
            logits[token] = generated == 0 ? logit : logit - _presence - generated * _frequency;
        }
    }

    private void Forget(int entry)
    {
        _occurrences[entry >> 1]--;
        _generated[entry >> 1] -= entry & 1;
        _oldest = (_oldest + 1) % _window.Length;
        Count--;
    }
}
