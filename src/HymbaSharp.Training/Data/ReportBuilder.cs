namespace HymbaSharp.Training.Data;

/// <summary>Counts while the data is read.</summary>
internal sealed class ReportBuilder(int placesOfEach)
{
    private readonly List<DataFile> _files = [];
    private readonly OrderedDictionary<string, (long Count, List<string> Places)> _problems = [];
    private readonly SortedDictionary<string, long> _unreadKeys = new(StringComparer.Ordinal);

    public long Tokens { get; set; }

    public long LearnedTokens { get; set; }

    public int LongestTokens { get; set; }

    public long Truncated { get; set; }

    public long Split { get; set; }

    public void Add(DataFile file) => _files.Add(file);

    public void AddProblem(string reason, string place, string detail)
    {
        (long count, List<string> places) = _problems.TryGetValue(reason, out var problem) ? problem : (0, []);
        if (count < placesOfEach)
            places.Add($"{place}: {detail}");
        _problems[reason] = (count + 1, places);
    }

    public void AddUnreadKey(string key) => _unreadKeys[key] = _unreadKeys.GetValueOrDefault(key) + 1;

    public DataReport Build() => new()
    {
        Files = _files,
        Problems = [.. _problems.Select(problem => new DataProblem(problem.Key, problem.Value.Count, problem.Value.Places))],
        UnreadKeys = _unreadKeys,
        Tokens = Tokens,
        LearnedTokens = LearnedTokens,
        LongestTokens = LongestTokens,
        Truncated = Truncated,
        Split = Split,
    };
}
