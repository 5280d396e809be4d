using System.Diagnostics;

namespace HymbaSharp.Training.Operations;

/// <summary>Where the time of operations goes, by their kind and direction; off unless started.</summary>
internal static class OperationProfile
{
    private static Dictionary<string, TimeSpan>? _times;

    /// <summary>Begins anew.</summary>
    public static void Start() => _times = [];

    /// <summary>Ends it.</summary>
    /// <returns>The times since <see cref="Start"/>.</returns>
    public static IReadOnlyDictionary<string, TimeSpan> Stop()
    {
        IReadOnlyDictionary<string, TimeSpan> times = _times ?? [];
        _times = null;
        return times;
    }

    /// <summary>Runs one direction of an operation, to be called with the gate of the kernels held.</summary>
    public static T Measure<T>(Operation operation, string direction, Func<T> work)
    {
        if (_times is not { } times)
            return work();
        long start = Stopwatch.GetTimestamp();
        T result = work();
        string name = $"{operation.GetType().Name.Replace("Operation", "", StringComparison.Ordinal)} {direction}";
        times[name] = times.GetValueOrDefault(name) + Stopwatch.GetElapsedTime(start);
        return result;
    }
}
