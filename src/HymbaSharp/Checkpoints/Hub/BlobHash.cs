using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace HymbaSharp.Checkpoints.Hub;

/// <summary>The hashes that name blobs: SHA-256 of the contents (64 digits), or git's, the SHA-1 of <c>"blob {length}\0"</c> and the contents (40 digits).</summary>
internal static class BlobHash
{
    private const int BufferLength = 1 << 20;

    /// <summary>Whether the ETag tells what the contents must be.</summary>
    public static bool IsHash(string etag) => etag.Length is 40 or 64 && etag.All(char.IsAsciiHexDigitLower);

    /// <summary>The hash of the file, of the kind that <paramref name="etag"/> is.</summary>
    public static async Task<string> ComputeAsync(SafeFileHandle file, string etag, CancellationToken cancellationToken)
    {
        long length = RandomAccess.GetLength(file);
        using IncrementalHash hash = IncrementalHash.CreateHash(etag.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (etag.Length == 40)
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {length}\0"));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            int count;
            for (long offset = 0; (count = await RandomAccess.ReadAsync(file, buffer, offset, cancellationToken)) > 0; offset += count)
                hash.AppendData(buffer, 0, count);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
