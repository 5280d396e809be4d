using HymbaSharp.Batching;
using HymbaSharp.Checkpoints;

namespace HymbaSharp.Extensions.AI;

/// <summary>The model that a container serves.</summary>
public sealed record HymbaChatOptions
{
    /// <summary>A checkpoint's folder, or owner/name of one in the hub's cache (<see cref="ModelLocation.Find"/>). Default null: the demonstration model.</summary>
    public string? Model { get; init; }

    /// <summary>What the model is called in requests and responses. Default null: owner/name where it lies in the hub's cache, else the name of its folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>How it is opened.</summary>
    public HymbaModelOptions ModelOptions { get; init; } = new();

    /// <summary>How many requests run at once, and in what memory.</summary>
    public HymbaEngineOptions EngineOptions { get; init; } = new();
}
