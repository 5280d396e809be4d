namespace HymbaSharp.Extensions.AI;

/// <summary>A request holds what a Hymba model cannot be given, or names a model or a conversation that is not there.</summary>
public sealed class HymbaRequestException : HymbaException
{
    internal HymbaRequestException(string message) : base(message)
    {
    }
}
