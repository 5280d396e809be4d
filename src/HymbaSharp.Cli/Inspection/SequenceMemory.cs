using HymbaSharp.Configuration;

namespace HymbaSharp.Cli.Inspection;

/// <summary>What a sequence of a model keeps in memory, in bytes, as this engine stores it: float32, values padded to whole vectors.</summary>
internal sealed class SequenceMemory
{
    private const int Vector = 16; // floats; the width that value heads are padded to

    public SequenceMemory(HymbaConfig config)
    {
        int valueStride = (config.ValueHeadSize + Vector - 1) / Vector * Vector;
        BytesPerPosition = sizeof(float) * (long)config.KeyValueHeads * (config.KeyHeadSize + valueStride);
        int[] owners = [.. Enumerable.Range(0, config.LayerCount).Where(config.OwnsKeyValues)];
        // An owner keeps what the farthest-looking of its borrowers needs.
        GlobalCaches = owners.Count(owner => Enumerable.Range(0, config.LayerCount).Any(layer => config.KeyValueOwners[layer] == owner && config.IsGlobal(layer)));
        WindowCaches = owners.Length - GlobalCaches;
        RecurrentBytes = sizeof(float) * (long)config.LayerCount * (config.ConvolutionWidth - 1 + config.StateSize) * config.InnerSize;
        MetaTokens = config.MetaTokens;
        Window = config.SlidingWindow;
        UnsharedBytesPerToken = BytesPerPosition * config.LayerCount;
    }

    /// <summary>Keys and values of one position in one layer.</summary>
    public long BytesPerPosition { get; }

    /// <summary>Layers that keep keys and values of the whole sequence.</summary>
    public int GlobalCaches { get; }

    /// <summary>Layers that keep those of meta tokens and window.</summary>
    public int WindowCaches { get; }

    /// <summary>What each token adds once the windows are full.</summary>
    public long BytesPerToken => GlobalCaches * BytesPerPosition;

    /// <summary>What each token would add if every layer kept its own keys and values of all positions.</summary>
    public long UnsharedBytesPerToken { get; }

    /// <summary>The window layers' keys and values at most: meta tokens, the window, and the token itself.</summary>
    public long WindowBytes => WindowCaches * (long)(MetaTokens + Window + 1) * BytesPerPosition;

    /// <summary>Convolution tails and SSM states, whatever the length.</summary>
    public long RecurrentBytes { get; }

    private int MetaTokens { get; }

    private int Window { get; }

    /// <summary>All of it after so many tokens, pages not rounded up.</summary>
    public long BytesAt(int tokens) =>
        RecurrentBytes + (BytesPerPosition * ((GlobalCaches * (long)(MetaTokens + tokens)) + (WindowCaches * (long)(MetaTokens + Math.Min(tokens, Window + 1)))));
}
