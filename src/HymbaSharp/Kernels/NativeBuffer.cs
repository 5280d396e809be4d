using System.Runtime.InteropServices;

namespace HymbaSharp.Kernels;

/// <summary>Unmanaged memory of a fixed size, aligned to a cache line, freed when disposed or collected. Not cleared: untouched pages cost nothing.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>Bytes of a cache line and of the widest vector.</summary>
    public const int Alignment = 64;

    private void* _memory;

    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        _memory = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Alignment), Alignment);
        if (bytes > 0)
            GC.AddMemoryPressure(bytes);
    }

    ~NativeBuffer() => Free();

    public long Bytes { get; }

    public float* Floats => (float*)_memory;

    public Span<byte> AsSpan(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Bytes - length);
        return new((byte*)_memory + start, length);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_memory is null)
            return;
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        if (Bytes > 0)
            GC.RemoveMemoryPressure(Bytes);
    }
}
