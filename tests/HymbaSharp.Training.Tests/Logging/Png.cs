using System.Buffers.Binary;

namespace HymbaSharp.Training.Tests.Logging;

/// <summary>What a PNG file says about itself at its beginning.</summary>
internal static class Png
{
    /// <summary>Width and height in pixels; fails where the file is no PNG.</summary>
    public static (int Width, int Height) Size(string path)
    {
        byte[] image = File.ReadAllBytes(path);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10], image[..8]);
        Assert.Equal("IHDR"u8, image.AsSpan(12, 4));
        return (BinaryPrimitives.ReadInt32BigEndian(image.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(image.AsSpan(20)));
    }
}
