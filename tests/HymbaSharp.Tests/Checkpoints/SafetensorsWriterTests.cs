using System.Runtime.InteropServices;
using CsCheck;
using HymbaSharp.Checkpoints;

namespace HymbaSharp.Tests.Checkpoints;

public sealed class SafetensorsWriterTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        var types = Gen.Int[0, Enum.GetValues<ElementType>().Length - 1].Select(i => (ElementType)i);
        var tensors = Gen.Select(types, Gen.Long[0, 5].Array[0, 3], Gen.String[Gen.Char.AlphaNumeric, 1, 8]).List[0, 8];
        tensors.Sample(declared =>
        {
            using var folder = new TemporaryFolder();
            var infos = declared.DistinctBy(entry => entry.Item3).Select(entry => new TensorInfo(entry.Item3 + "é\"\\", entry.Item1, [.. entry.Item2])).ToList();
            var random = new Random(infos.Count);
            byte[][] data = [.. infos.Select(info => new byte[info.ByteLength])];
            using (var writer = new SafetensorsWriter(folder.File("x.safetensors"), infos))
            {
                for (int i = 0; i < data.Length; i++)
                {
                    random.NextBytes(data[i]);
                    int middle = random.Next(data[i].Length + 1);
                    writer.Write(infos[i].Name, data[i].AsSpan(0, middle));
                    writer.Write(infos[i].Name, data[i].AsSpan(middle));
                }
                writer.Complete();
            }
            using var file = SafetensorsFile.Open(folder.File("x.safetensors"));
            Assert.Equal("pt", Assert.Single(file.Metadata, pair => pair.Key == "format").Value);
            Assert.Equal(0, (8 + file.Header.Length) % 8);
            Assert.Equal(infos.Count, file.Tensors.Length);
            for (int i = 0; i < data.Length; i++)
            {
                Assert.True(file.TryGet(infos[i].Name, out var tensor));
                Assert.Equal((infos[i].Type, infos[i].ByteLength), (tensor.Type, tensor.ByteLength));
                Assert.Equal(infos[i].Shape, tensor.Shape);
                Assert.Equal(data[i], Bytes(tensor));
            }
        }, iter: 200, threads: 1);
    }

    [Theory]
    [InlineData(ElementType.F32, new[] { 1.0000001f, -0f, float.MaxValue, 1e-45f, float.NegativeInfinity })]
    [InlineData(ElementType.BF16, new[] { 1f, -0f, float.PositiveInfinity, 0f, float.NegativeInfinity })]
    [InlineData(ElementType.F16, new[] { 1f, -0f, float.PositiveInfinity, 0f, float.NegativeInfinity })]
    public void Values_are_rounded_to_the_declared_type(ElementType type, float[] expected)
    {
        Assert.Equal(expected, RoundTrip(type, [1.0000001f, -0f, float.MaxValue, 1e-45f, float.NegativeInfinity]));
        Assert.All(RoundTrip(type, [float.NaN, BitConverter.UInt32BitsToSingle(0x7F800001), BitConverter.UInt32BitsToSingle(0xFFFFFFFF)]), value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Halfway_values_round_to_even_in_BF16()
    {
        float[] values = [.. ((uint[])[0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF]).Select(BitConverter.UInt32BitsToSingle)];
        uint[] expected = [0x3F800000, 0x3F820000, 0x3F810000, 0x3F800000];
        Assert.Equal(expected, RoundTrip(ElementType.BF16, values).Select(BitConverter.SingleToUInt32Bits));
    }

    [Fact]
    public void Many_values_are_written_in_pieces()
    {
        float[] values = [.. Enumerable.Range(0, 200_001).Select(i => (float)(i % 251))];
        Assert.Equal(values, RoundTrip(ElementType.BF16, values));
    }

    [Fact]
    public void An_interrupted_write_leaves_the_old_file_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.safetensors", [1, 2, 3]);
        using (var writer = new SafetensorsWriter(path, [new TensorInfo("t", ElementType.F32, [2])]))
        {
            writer.Write("t", [1f]);
            Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
            Assert.Contains("t still lacks 4 bytes", Assert.Throws<InvalidOperationException>(writer.Complete).Message, StringComparison.Ordinal);
        }
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_complete_write_replaces_the_old_file_and_leaves_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.safetensors", [1, 2, 3]);
        using (var writer = new SafetensorsWriter(path, [new TensorInfo("t", ElementType.F32, [2])]))
        {
            writer.Write("t", [1f, 2f]);
            writer.Complete();
            _ = Assert.Throws<ObjectDisposedException>(() => writer.Write("t", [1f]));
        }
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([1f, 2f], file.Tensors[0].ToSingles());
    }

    [Fact]
    public void Refuses_data_out_of_turn()
    {
        using var folder = new TemporaryFolder();
        using var writer = new SafetensorsWriter(folder.File("x"), [new TensorInfo("a", ElementType.F32, [1]), new TensorInfo("b", ElementType.I64, [1])]);
        _ = Assert.Throws<InvalidOperationException>(() => writer.Write("b", new byte[8]));
        _ = Assert.Throws<InvalidOperationException>(() => writer.Write("a", [1f, 2f]));
    }

    [Fact]
    public void Refuses_values_for_a_tensor_of_integers()
    {
        using var folder = new TemporaryFolder();
        using var writer = new SafetensorsWriter(folder.File("x"), [new TensorInfo("b", ElementType.I64, [1])]);
        _ = Assert.Throws<InvalidOperationException>(() => writer.Write("b", [1f]));
        writer.Write("b", MemoryMarshal.AsBytes<long>([7]));
        _ = Assert.Throws<InvalidOperationException>(() => writer.Write("c", [1f]));
    }

    [Fact]
    public void Refuses_a_name_declared_twice_and_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        var tensor = new TensorInfo("a", ElementType.F32, [1]);
        _ = Assert.Throws<ArgumentException>(() => new SafetensorsWriter(folder.File("x"), [tensor, tensor]));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_a_typed_error()
    {
        using var folder = new TemporaryFolder();
        _ = Assert.Throws<CheckpointException>(() => new SafetensorsWriter(Path.Combine(folder.Path, "absent", "x"), []));
        _ = Directory.CreateDirectory(folder.File("taken"));
        using (var writer = new SafetensorsWriter(folder.File("taken"), []))
            _ = Assert.Throws<CheckpointException>(writer.Complete);
        Assert.Equal([folder.File("taken")], Directory.GetFileSystemEntries(folder.Path));
    }

    private static float[] RoundTrip(ElementType type, float[] values)
    {
        using var folder = new TemporaryFolder();
        using (var writer = new SafetensorsWriter(folder.File("x"), [new TensorInfo("t", type, [values.Length])]))
        {
            writer.Write("t", values);
            writer.Complete();
        }
        using var file = SafetensorsFile.Open(folder.File("x"));
        return file.Tensors[0].ToSingles();
    }

    private static unsafe byte[] Bytes(Tensor tensor) => new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength).ToArray();
}
