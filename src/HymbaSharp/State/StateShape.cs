using System.Collections.Immutable;
using HymbaSharp.Configuration;
using HymbaSharp.Kernels;

namespace HymbaSharp.State;

/// <summary>What every sequence state of a model has in common: which layers keep what, how large it is, and where its pages come from.</summary>
internal sealed class StateShape : IDisposable
{
    public StateShape(HymbaConfig config, int contextLength, KeyValueType keyValues = KeyValueType.F32)
    {
        Config = config;
        ContextLength = contextLength;
        PagesPerLayer = ((config.MetaTokens + contextLength + KeyValuePage.Rows - 1) / KeyValuePage.Rows) + 1;
        Pages = new KeyValuePagePool(new KeyValuePage(config.KeyValueHeads, config.KeyHeadSize, config.ValueHeadSize, keyValues));
        Owners = [.. Enumerable.Range(0, config.LayerCount).Where(config.OwnsKeyValues)];
        OwnerIndex = [.. config.KeyValueOwners.Select(owner => Owners.IndexOf(owner))];
        // A layer's mask is its own, so an owner keeps what the farthest-looking of its borrowers needs.
        KeepsAll = [.. Owners.Select(owner => config.KeyValueOwners.Select((o, layer) => o == owner && config.IsGlobal(layer)).Any(global => global))];
    }

    public HymbaConfig Config { get; }

    /// <summary>The most tokens a sequence may have, meta tokens not counted.</summary>
    public int ContextLength { get; }

    public KeyValuePagePool Pages { get; }

    /// <summary>Entries of a layer's page table.</summary>
    public int PagesPerLayer { get; }

    /// <summary>The layers that own keys and values.</summary>
    public ImmutableArray<int> Owners { get; }

    /// <summary>For each layer, which of <see cref="Owners"/> it attends over.</summary>
    public ImmutableArray<int> OwnerIndex { get; }

    /// <summary>For each owner, whether it keeps every position or only meta tokens and window.</summary>
    public ImmutableArray<bool> KeepsAll { get; }

    /// <summary>Floats of a layer's convolution tail [K − 1, I].</summary>
    public long TailFloats => (long)(Config.ConvolutionWidth - 1) * Config.InnerSize;

    /// <summary>Floats of a layer's SSM state [N, I].</summary>
    public long ScanFloats => (long)Config.StateSize * Config.InnerSize;

    /// <summary>Floats of all layers' tails and SSM states.</summary>
    public long RecurrentFloats => Config.LayerCount * (TailFloats + ScanFloats);

    /// <summary>The first position, meta tokens aside, whose keys and values owner <paramref name="owner"/> still needs at <paramref name="position"/>.</summary>
    public int FirstKept(int owner, int position) =>
        KeepsAll[owner] ? Config.MetaTokens : Math.Max(Config.MetaTokens, position - Config.SlidingWindow);

    /// <summary>The most bytes that the state of a sequence takes until it has passed so many tokens, in steps of at most <paramref name="stepRows"/>; all of its pages counted, shared ones too.</summary>
    public long MaxBytes(int tokens, int stepRows)
    {
        long pages = 0;
        for (int owner = 0; owner < Owners.Length; owner++)
        {
            // A window's pages and a step's: each may begin and end inside a page.
            long kept = KeepsAll[owner] ? tokens : Math.Min(tokens, (long)Config.SlidingWindow + stepRows);
            pages += ((Config.MetaTokens + kept + KeyValuePage.Rows - 1) / KeyValuePage.Rows) + 2;
        }
        return (RecurrentFloats * sizeof(float)) + (pages * Pages.PageBytes);
    }

    public void Dispose() => Pages.Dispose();
}
