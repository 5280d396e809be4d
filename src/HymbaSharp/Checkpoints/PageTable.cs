using System.Runtime.InteropServices;

namespace HymbaSharp.Checkpoints;

/// <summary>
/// Fills the process's page table for mapped files ahead of their use. Without it each 64 KB of weights costs a page fault when first
/// read, a tenth of a second for 3 GB at a moment when somebody waits for the first token.
/// </summary>
internal static unsafe partial class PageTable
{
    private const int PopulateForReading = 22; // MADV_POPULATE_READ, Linux 5.14
    private const int HugePages = 14; // MADV_HUGEPAGE
    private const long SliceBytes = 64L << 20;
    private const long PageMask = 4095;

    /// <summary>Fills it slice by slice until cancelled. Only Linux has a call for it; elsewhere, and where the kernel is older, nothing happens.</summary>
    public static void Fill(Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            return;
        foreach (SafetensorsFile file in checkpoint.Files)
        {
            byte* data = file.Data;
            for (long start = 0; start < file.Length; start += SliceBytes)
            {
                if (cancellationToken.IsCancellationRequested)
                    return;
                nuint length = (nuint)((Math.Min(SliceBytes, file.Length - start) + PageMask) & ~PageMask);
                if (Advise(data + start, length, PopulateForReading) != 0)
                    return;
            }
        }
    }

    /// <summary>Asks for large pages for memory not yet touched, so that reading it isn't held up by page table look-ups; a hint.</summary>
    public static void PreferHugePages(void* memory, long bytes)
    {
        if (!OperatingSystem.IsLinux())
            return;
        nint start = ((nint)memory + (nint)PageMask) & ~(nint)PageMask;
        nint end = ((nint)memory + (nint)bytes) & ~(nint)PageMask;
        _ = Advise((void*)start, (nuint)(end - start), HugePages);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
