using System.Runtime.InteropServices;
using System.Text;
using HymbaSharp.Checkpoints;

namespace HymbaSharp.Tests.Checkpoints;

public sealed unsafe class SafetensorsFileTests
{
    private const string Good = """{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[6,14]},"a":{"dtype":"BF16","shape":[3,1],"data_offsets":[0,6]}}""";

    [Fact]
    public void Reads_tensors_in_the_order_of_their_data()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = SafetensorsBytes.Of(Encoding.UTF8.GetBytes(Good), [0x80, 0x3F, 0x00, 0xC0, 0x80, 0x7F, .. MemoryMarshal.AsBytes<float>([1.5f, -3f])]);
        using var file = SafetensorsFile.Open(folder.Write("x.safetensors", bytes));

        Assert.Equal(["a", "b"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.True(file.TryGet("a", out var a));
        Assert.Equal((ElementType.BF16, 3, 6), (a.Type, a.ElementCount, a.ByteLength));
        Assert.Equal([3, 1], a.Shape);
        Assert.Equal([1f, -2f, float.PositiveInfinity], a.ToSingles());
        Assert.True(file.TryGet("b", out var b));
        Assert.Equal([1.5f, -3f], b.ToSingles());
        Assert.False(file.TryGet("c", out _));
        Assert.Equal(bytes, new ReadOnlySpan<byte>(file.Data, (int)file.Length).ToArray());
        Assert.Equal(Good, Encoding.UTF8.GetString(file.Header));
    }

    [Fact]
    public void Reads_every_type_at_any_alignment()
    {
        using var folder = new TemporaryFolder();
        const string Header = """{"o":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"h":{"dtype":"F16","shape":[2],"data_offsets":[1,5]},"i":{"dtype":"I64","shape":[1,2],"data_offsets":[5,21]}}""";
        byte[] data = [7, .. MemoryMarshal.AsBytes<Half>([(Half)0.5f, Half.NaN]), .. MemoryMarshal.AsBytes<long>([-100, long.MaxValue])];
        using var file = SafetensorsFile.Open(folder.Write("x.safetensors", SafetensorsBytes.Of(Encoding.UTF8.GetBytes(Header), data)));

        var (one, halves, integers) = (file.Tensors[0], file.Tensors[1], file.Tensors[2]);
        Assert.Equal(7, *one.Data);
        Assert.Equal(1, one.ElementCount);
        Assert.Equal([0.5f, float.NaN], halves.ToSingles());
        Assert.Equal([-100, long.MaxValue], integers.ToInt64s());
        _ = Assert.Throws<CheckpointException>(integers.ToSingles);
        _ = Assert.Throws<CheckpointException>(halves.ToInt64s);
    }

    [Theory]
    [InlineData("BOOL", 1), InlineData("U8", 1), InlineData("I8", 1), InlineData("F8_E5M2", 1), InlineData("F8_E4M3", 1), InlineData("F8_E8M0", 1)]
    [InlineData("U16", 2), InlineData("I16", 2), InlineData("F16", 2), InlineData("BF16", 2), InlineData("U32", 4), InlineData("I32", 4), InlineData("F32", 4)]
    [InlineData("U64", 8), InlineData("I64", 8), InlineData("F64", 8), InlineData("C64", 8)]
    public void Knows_the_types_of_the_format(string name, int size)
    {
        var type = Enum.GetValues<ElementType>().Single(type => type.Name() == name);
        Assert.Equal(size, type.Size());
        using var folder = new TemporaryFolder();
        string header = $$"""{"t":{"dtype":"{{name}}","shape":[3],"data_offsets":[0,{{3 * size}}] } }""";
        using var file = SafetensorsFile.Open(folder.Write("x.safetensors", SafetensorsBytes.Of(header, 3 * size)));
        Assert.Equal(type, file.Tensors[0].Type);
    }

    [Theory]
    [InlineData("""{}   """, 0)]
    [InlineData("""{"e":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2)]
    public void Accepts_what_the_format_allows(string header, int dataLength)
    {
        using var folder = new TemporaryFolder();
        using var file = SafetensorsFile.Open(folder.Write("x.safetensors", SafetensorsBytes.Of(header, dataLength)));
        Assert.All(file.Tensors, tensor => Assert.Equal(tensor.ElementCount * tensor.Type.Size(), tensor.ByteLength));
    }

    [Theory]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "truncated")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes after")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "takes 8 bytes")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "takes 8 bytes")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "gaps and overlaps")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "gaps and overlaps")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"u":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "gaps and overlaps")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "gaps and overlaps")]
    [InlineData("""{"t":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "more bytes than can be counted")]
    [InlineData("""{"t":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]}}""", 0, "more bytes than can be counted")]
    [InlineData("""{"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "integers from 0")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "integers from 0")]
    [InlineData("""{"t":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}""", 4, "integers from 0")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551620]}}""", 4, "integers from 0")]
    [InlineData("""{"t":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "no list")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,2,4]}}""", 4, "two data_offsets")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1]}}""", 4, "two data_offsets")]
    [InlineData("""{"t":{"shape":[1],"data_offsets":[0,4]}}""", 4, "needs a dtype")]
    [InlineData("""{"t":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}}""", 4, "dtype F4; readable are F32")]
    [InlineData("""{"t":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4, "dtype")]
    [InlineData("""{"t":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "each once")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1]}}""", 4, "\"stride\"")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "appears twice")]
    [InlineData("""{"t":[]}""", 0, "not an object")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "__metadata__")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "__metadata__ appears twice")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "not valid JSON")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}""", 4, "not valid JSON")]
    [InlineData("""{} {}""", 0, "not valid JSON")]
    [InlineData(""" {}""", 0, "begins with '{'")]
    [InlineData("""[]""", 0, "begins with '{'")]
    public void Refuses_a_header_that_is_wrong(string header, int dataLength, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.safetensors", SafetensorsBytes.Of(header, dataLength));
        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[0], "begins with the 8-byte length")]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0 }, "begins with the 8-byte length")]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, 123 }, "truncated")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 123, 125 }, "2 to 100000000 are allowed")]
    [InlineData(new byte[] { 1, 225, 245, 5, 0, 0, 0, 0, 123, 125 }, "a header of 100000001 bytes")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 123, 125 }, "2 to 100000000 are allowed")]
    [InlineData(new byte[] { 4, 0, 0, 0, 0, 0, 0, 0, 123, 34, 255, 125 }, "not UTF-8")]
    public void Refuses_a_file_that_is_no_safetensors(byte[] bytes, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.safetensors", bytes);
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_what_is_not_a_readable_file()
    {
        using var folder = new TemporaryFolder();
        _ = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(folder.Path));
        _ = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(folder.File("absent")));
    }

    [Fact]
    public void A_closed_file_gives_no_pointers()
    {
        using var folder = new TemporaryFolder();
        var file = SafetensorsFile.Open(folder.Write("x.safetensors", SafetensorsBytes.Singles("t")));
        var tensor = file.Tensors[0];
        file.Dispose();
        file.Dispose();
        _ = Assert.Throws<ObjectDisposedException>(tensor.ToSingles);
        _ = Assert.Throws<ObjectDisposedException>(() => file.Header.Length);
    }

    [Fact]
    public void Opening_a_large_file_copies_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc/self/smaps");
        using var folder = new TemporaryFolder();
        const long DataLength = 1L << 30;
        byte[] head = SafetensorsBytes.Of($$"""{"t":{"dtype":"BF16","shape":[{{DataLength / 2}}],"data_offsets":[0,{{DataLength}}] } }""", 0);
        string path = folder.Write("x.safetensors", head);
        using (var stream = new FileStream(path, FileMode.Open))
            stream.SetLength(head.Length + DataLength);

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(0, file.Tensors[0].Data[DataLength - 1]);
        string[] mapping = [.. File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.EndsWith(path, StringComparison.Ordinal)).Take(20)];
        Assert.Contains("r--s", mapping[0], StringComparison.Ordinal);
        Assert.InRange(Kilobytes("Rss:"), 1, 1024);
        Assert.Equal(0, Kilobytes("Anonymous:"));

        long Kilobytes(string key) => long.Parse(mapping.First(line => line.StartsWith(key, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    [Fact]
    public void A_mutated_file_ends_in_success_or_the_typed_error()
    {
        using var folder = new TemporaryFolder();
        byte[] original = SafetensorsBytes.Of(Good, 14);
        var random = new Random(2);
        int refused = 0;
        for (int round = 0; round < 5000; round++)
        {
            string path = folder.Write("x.safetensors", Mutation.Of(original, random));
            refused += ReadsWhole(path) ? 0 : 1;
        }
        Assert.InRange(refused, 1000, 4999);
    }

    [Fact]
    public void A_mutated_header_ends_in_success_or_the_typed_error()
    {
        byte[] original = Encoding.UTF8.GetBytes(Good);
        var random = new Random(3);
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] mutated = Mutation.Of(original, random);
            try
            {
                if (mutated.Length >= 2)
                    _ = SafetensorsHeader.Parse(mutated, 14, "test");
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1000, 19_999);
    }

    /// <summary>Whether a file opens; what opens must be readable to its last byte.</summary>
    private static bool ReadsWhole(string path)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var tensor in file.Tensors)
            {
                for (long i = 0; i < tensor.ByteLength; i++)
                    _ = tensor.Data[i];
            }
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }
}
