using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Evaluation;

/// <summary>
/// Lets as many pairs pass that teach to say that a passage doesn't say as pairs that teach not to: a model that makes more mistakes of one kind would learn
/// from them to say the other thing, and not when. All other pairs pass.
/// </summary>
internal sealed class AbsentBalance
{
    private readonly Queue<PreferencePair> _waiting = [];
    private bool _waitingSayAbsent;

    /// <summary>What passes now: the pair, with one that waited for it or without; or nothing, while it waits.</summary>
    public IReadOnlyList<PreferencePair> Add(PreferencePair pair)
    {
        bool saysAbsent = pair.Chosen == ContextSkill.Absent;
        if (saysAbsent == (pair.Rejected == ContextSkill.Absent))
            return [pair];
        if (_waiting.Count > 0 && _waitingSayAbsent != saysAbsent)
            return [_waiting.Dequeue(), pair];
        _waiting.Enqueue(pair);
        _waitingSayAbsent = saysAbsent;
        return [];
    }
}
