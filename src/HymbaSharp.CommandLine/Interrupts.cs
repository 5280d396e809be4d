using System.Runtime.InteropServices;

namespace HymbaSharp.CommandLine;

/// <summary>Ctrl-C and requests to terminate: the first one asks the command to end, a second one ends the process at once.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Cancelled when the command is to end.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>What the process ends with after a request to end: 128 and the signal's number, as shells have it.</summary>
    public int ExitCode { get; private set; } = 130;

    /// <summary>Asked first about a Ctrl-C: whether it has been dealt with, so that the command goes on.</summary>
    public Func<bool>? Handler { get; set; }

    /// <summary>Listens to the signals of this process.</summary>
    public static Interrupts OfProcess()
    {
        Interrupts interrupts = new();
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM])
            interrupts._registrations.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = interrupts.Raise(context.Signal)));
        return interrupts;
    }

    /// <summary>A signal has come; false where the process is to end at once.</summary>
    public bool Raise(PosixSignal signal)
    {
        if (signal == PosixSignal.SIGINT && Handler?.Invoke() == true)
            return true;
        if (_stop.IsCancellationRequested)
            return false;
        ExitCode = signal == PosixSignal.SIGINT ? 130 : 143;
        _stop.Cancel();
        return true;
    }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop.Dispose();
    }
}
