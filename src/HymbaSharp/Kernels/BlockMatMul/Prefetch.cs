using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HymbaSharp.Kernels;

/// <summary>
/// Weights that are fetched while others are multiplied, some lines with every block, so that memory is read at an even pace. Addresses
/// past a matrix's end are harmless.
/// </summary>
internal unsafe struct Prefetch
{
    // Past the page that the hardware prefetcher stops at: 512 to 2048 bytes read Q4 a tenth to a half slower, 8192 no faster.
    private const int StreamBytes = 4096;

    private const int LineBytes = 64;

    private byte* _next;
    private readonly int _step;
    private readonly bool _isStream;

    private Prefetch(byte* next, int step, bool isStream)
    {
        _next = next;
        _step = step;
        _isStream = isStream;
    }

    /// <summary>For weights that one panel alone needs: the same weights, a little ahead, to the first-level cache.</summary>
    public static Prefetch Stream(byte* weights, int blockBytes) => new(weights + StreamBytes, blockBytes, isStream: true);

    /// <summary>For weights that several panels need one after the other: each fetches its share of those that come after, to the second-level cache.</summary>
    /// <param name="weights">The weights that come after.</param>
    /// <param name="blockBytes">Bytes of a block.</param>
    /// <param name="blocks">Blocks that a panel passes.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="panels">How many there are.</param>
    public static Prefetch Share(byte* weights, int blockBytes, int blocks, int panel, int panels)
    {
        int step = (blockBytes + panels - 1) / panels;
        return new(weights + ((nint)step * blocks * panel), step, isStream: false);
    }

    /// <summary>Fetches a block's part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step()
    {
        if (!Sse.IsSupported)
            return;
        for (int line = 0; line < _step; line += LineBytes)
        {
            if (_isStream)
                Sse.Prefetch0(_next + line);
            else
                Sse.Prefetch1(_next + line);
        }
        _next += _step;
    }
}
