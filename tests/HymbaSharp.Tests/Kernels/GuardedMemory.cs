using System.Runtime.InteropServices;

namespace HymbaSharp.Tests.Kernels;

/// <summary>Which end of a block touches the page that may not be accessed.</summary>
public enum Edge
{
    Start,
    End,
}

/// <summary>
/// Memory between two pages that may not be accessed: one element read or written beyond the edge ends the test process. Blocks that end
/// at the edge begin unaligned. Where the guard is missing (other systems than Linux) the memory is plain; <see cref="GuardedMemoryTests"/>
/// says so by being skipped.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ReadWrite = 3, PrivateAnonymous = 0x22;

    private readonly nuint _page = (nuint)Environment.SystemPageSize;
    private readonly nuint _size;
    private byte* _region;

    public GuardedMemory(long bytes)
    {
        _size = ((nuint)bytes + _page - 1) / _page * _page;
        _region = IsGuarded ? Map(0, _size + (2 * _page), protection: 0, PrivateAnonymous, -1, 0) : (byte*)NativeMemory.AlignedAlloc(_size + (2 * _page), _page);
        if ((nint)_region == -1 || (IsGuarded && Protect(_region + _page, _size, ReadWrite) != 0))
            throw new InvalidOperationException($"mapping {bytes} bytes failed: error {Marshal.GetLastPInvokeError()}");
    }

    public static bool IsGuarded => OperatingSystem.IsLinux();

    public byte* Block(long bytes, Edge edge)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((nuint)bytes, _size);
        return _region + _page + (edge == Edge.Start ? 0 : _size - (nuint)bytes);
    }

    public void Dispose()
    {
        if (_region is null)
            return;
        if (IsGuarded)
            _ = Unmap(_region, _size + (2 * _page));
        else
            NativeMemory.AlignedFree(_region);
        _region = null;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial byte* Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(byte* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(byte* address, nuint length);
}
