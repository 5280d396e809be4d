using System.Globalization;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class GuardedMemoryTests
{
    [Fact]
    public void Blocks_end_and_begin_where_access_is_denied()
    {
        Assert.SkipUnless(GuardedMemory.IsGuarded, "guard pages are made by mmap as Linux has it; the kernel tests run on plain memory here");
        using GuardedMemory memory = new(100);
        byte* first = memory.Block(100, Edge.Start), end = memory.Block(100, Edge.End) + 100;
        first[0] = end[-1] = 1;
        Assert.Equal("rw-p", Access(first));
        Assert.Equal("---p", Access(first - 1));
        Assert.Equal("rw-p", Access(end - 1));
        Assert.Equal("---p", Access(end));
    }

    private static string Access(byte* address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] fields = line.Split(' ');
            ulong[] bounds = [.. fields[0].Split('-').Select(bound => ulong.Parse(bound, NumberStyles.HexNumber))];
            if ((ulong)address >= bounds[0] && (ulong)address < bounds[1])
                return fields[1];
        }
        return "unmapped";
    }
}
