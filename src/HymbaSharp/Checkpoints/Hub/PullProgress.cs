namespace HymbaSharp.Checkpoints.Hub;

/// <summary>What a pull does with a file at the moment.</summary>
public enum PullPhase
{
    /// <summary>Its bytes are being received.</summary>
    Downloading,

    /// <summary>Another process is downloading it; this one waits for the result.</summary>
    Waiting,

    /// <summary>All bytes are there and their hash is being computed.</summary>
    Verifying,

    /// <summary>It is in the cache.</summary>
    Done,
}

/// <summary>The state of a pull: of one file, and of all.</summary>
/// <param name="File">The file this report is about.</param>
/// <param name="Phase">What happens to it.</param>
/// <param name="FileBytesDone">Bytes of the file that are on disk, those of an earlier, interrupted pull included.</param>
/// <param name="FileBytes">Length of the file in bytes.</param>
/// <param name="BytesDone">Bytes on disk of all the pull's files, those found in the cache included.</param>
/// <param name="Bytes">Length of all the pull's files in bytes.</param>
/// <param name="BytesPerSecond">Bytes received per second over the last seconds; 0 before anything arrived.</param>
public readonly record struct PullProgress(
    string File, PullPhase Phase, long FileBytesDone, long FileBytes, long BytesDone, long Bytes, double BytesPerSecond);
