using System.Runtime.InteropServices;
using TorchSharp;

namespace HymbaSharp.Training;

/// <summary>Readies the native library for this process: called before any tensor is made.</summary>
internal static partial class TorchRuntime
{
    // glibc, malloc.h.
    private const int TrimThreshold = -1;
    private const int MostMappings = -4;
    private const int MostArenas = -8;

    private static readonly Lock Gate = new();
    private static bool _isReady;

    /// <summary>Loads it, with so many threads.</summary>
    public static void Prepare(int? threads = null)
    {
        lock (Gate)
        {
            if (!_isReady && OperatingSystem.IsLinux())
            {
                // The library's threads and the kernels' take turns on the same cores: neither may spin while the other works.
                _ = SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", 0);
                TryKeepFreedMemory();
            }
            _isReady = true;
        }
        if (threads is { } count)
            torch.set_num_threads(count);
    }

    /// <summary>
    /// A step frees and asks again for the same gigabyte. By default large blocks go back to the system each time, and every page of them is cleared and
    /// mapped anew when touched: a quarter of a step's time.
    /// </summary>
    private static void TryKeepFreedMemory()
    {
        try
        {
            _ = SetAllocator(MostMappings, 0);
            _ = SetAllocator(TrimThreshold, int.MaxValue);
            _ = SetAllocator(MostArenas, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc: it allocates as it does.
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetAllocator(int parameter, int value);
}
