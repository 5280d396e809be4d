namespace HymbaSharp.State;

/// <summary>A snapshot that can't be restored: not one, damaged, of another version, or of another model.</summary>
public sealed class SnapshotException : HymbaException
{
    internal SnapshotException(string message) : base(message)
    {
    }

    internal SnapshotException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
