using System.Buffers.Binary;
using System.Text;

namespace HymbaSharp.Tests.Checkpoints;

/// <summary>Safetensors files put together by hand, so that they can be wrong.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Of(string header, int dataLength) => Of(Encoding.UTF8.GetBytes(header), new byte[dataLength]);

    public static byte[] Of(byte[] header, byte[] data)
    {
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        return [.. prefix, .. header, .. data];
    }

    /// <summary>A file of F32 vectors, one element each.</summary>
    public static byte[] Singles(params string[] names)
    {
        var entries = names.Select((name, i) => $$"""
            "{{name}}":{"dtype":"F32","shape":[1],"data_offsets":[{{i * 4}},{{(i * 4) + 4}}]}
            """);
        return Of($"{{{string.Join(',', entries)}}}", names.Length * 4);
    }
}
