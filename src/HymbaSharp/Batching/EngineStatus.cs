namespace HymbaSharp.Batching;

/// <summary>What an engine has to do at a moment.</summary>
/// <param name="Running">Sequences with a place.</param>
/// <param name="Waiting">Requests that wait for one.</param>
/// <param name="ReservedBytes">Memory set aside for the states of running sequences.</param>
/// <param name="StateBytes">The most that may be.</param>
/// <param name="Prefixes">States kept for prompts that begin alike.</param>
/// <param name="PrefixBytes">Their memory, pages that they share counted for each.</param>
public sealed record EngineStatus(int Running, int Waiting, long ReservedBytes, long StateBytes, int Prefixes, long PrefixBytes);
