namespace HymbaSharp.Training.Options;

/// <summary>The options of one record, a section of a run file. Each method adds an option whose value is of one type.</summary>
/// <typeparam name="TRecord">The record that holds them.</typeparam>
/// <param name="name">The section's name.</param>
/// <param name="flagPrefix">What the section's flags begin with, where their keys alone would not tell.</param>
/// <param name="get">The record within all options.</param>
/// <param name="set">All options with another record.</param>
internal sealed class OptionSection<TRecord>(
    string name, string flagPrefix, Func<TrainingOptions, TRecord> get, Func<TrainingOptions, TRecord, TrainingOptions> set)
{
    private readonly List<OptionKey> _keys = [];

    /// <summary>The options, in the order they were added.</summary>
    public IReadOnlyList<OptionKey> Keys => _keys;

    public void Text(string key, string meaning, OptionRange range, Func<TRecord, string?> get, Func<TRecord, string, TRecord> set) =>
        Add(key, meaning, OptionKind.Text, range, get, (record, value) => set(record, (string)value));

    public void Path(string key, string meaning, Func<TRecord, string?> get, Func<TRecord, string, TRecord> set) =>
        Add(key, meaning, OptionKind.Path, OptionRange.NotEmpty, get, (record, value) => set(record, (string)value));

    public void Whole(string key, string meaning, OptionRange range, Func<TRecord, long?> get, Func<TRecord, long, TRecord> set) =>
        Add(key, meaning, OptionKind.Whole, range, record => get(record), (record, value) => set(record, (long)value));

    public void Number(string key, string meaning, OptionRange range, Func<TRecord, double?> get, Func<TRecord, double, TRecord> set) =>
        Add(key, meaning, OptionKind.Number, range, record => get(record), (record, value) => set(record, (double)value));

    public void Switch(string key, string meaning, Func<TRecord, bool> get, Func<TRecord, bool, TRecord> set) =>
        Add(key, meaning, OptionKind.Switch, OptionRange.Any, record => get(record), (record, value) => set(record, (bool)value));

    public void Span(string key, string meaning, Func<TRecord, StepSpan> get, Func<TRecord, StepSpan, TRecord> set) =>
        Add(key, meaning, OptionKind.Span, OptionRange.Any, record => get(record), (record, value) => set(record, (StepSpan)value));

    public void Choice<T>(string key, string meaning, (string Name, T Value)[] choices, Func<TRecord, T> get, Func<TRecord, T, TRecord> set)
    {
        string[] names = [.. choices.Select(choice => choice.Name)];
        OptionRange range = new(string.Join(", ", names), value => names.Contains(value));
        Add(key, meaning, OptionKind.Choice(names), range,
            record => choices.Where(choice => Equals(choice.Value, get(record))).Select(choice => choice.Name).FirstOrDefault() ?? $"{get(record)}",
            (record, value) => set(record, choices.First(choice => choice.Name == (string)value).Value));
    }

    public void Texts(string key, string meaning, Func<TRecord, IReadOnlyList<string>> get, Func<TRecord, IReadOnlyList<string>, TRecord> set) =>
        Add(key, meaning, OptionKind.List(OptionKind.Text), OptionRange.NotEmpty, record => get(record).ToArray<object>(), (record, value) => set(record, [.. ((object[])value).Cast<string>()]));

    public void Paths(string key, string meaning, Func<TRecord, IReadOnlyList<string>> get, Func<TRecord, IReadOnlyList<string>, TRecord> set) =>
        Add(key, meaning, OptionKind.List(OptionKind.Path), OptionRange.NotEmpty, record => get(record).ToArray<object>(), (record, value) => set(record, [.. ((object[])value).Cast<string>()]));

    public void Numbers(string key, string meaning, OptionRange range, Func<TRecord, IReadOnlyList<double>> get, Func<TRecord, IReadOnlyList<double>, TRecord> set) =>
        Add(key, meaning, OptionKind.List(OptionKind.Number), range, record => get(record).Cast<object>().ToArray(), (record, value) => set(record, [.. ((object[])value).Cast<double>()]));

    private void Add(string key, string meaning, OptionKind kind, OptionRange range, Func<TRecord, object?> getValue, Func<TRecord, object, TRecord> setValue) =>
        _keys.Add(new OptionKey(name, key, $"--{flagPrefix}{key.Replace('_', '-')}", meaning, kind, range,
            options => getValue(get(options)), (options, value) => set(options, setValue(get(options), value))));
}
