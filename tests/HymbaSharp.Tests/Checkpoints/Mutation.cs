using System.Text;

namespace HymbaSharp.Tests;

/// <summary>Random damage to JSON texts and binary files.</summary>
internal static class Mutation
{
    private static readonly byte[][] Fragments =
    [
        .. ((string[])["-1", "0", "1e999", "9223372036854775807", "18446744073709551616", "null", "[", "]", "{", "}", "\"", ",", ":", "\\ud800", "\\", "[[]]", "\"F4\"", " ", "\0"])
            .Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80],
    ];

    public static byte[] Of(byte[] original, Random random)
    {
        List<byte> bytes = [.. original];
        for (int change = random.Next(1, 4); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 12), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.InsertRange(at, Fragments[random.Next(Fragments.Length)]);
                    break;
                default:
                    ReplaceNumber(bytes, at, random);
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Replaces the next run of digits, so that much damage passes the syntax and reaches the checks behind it.</summary>
    private static void ReplaceNumber(List<byte> bytes, int at, Random random)
    {
        int start = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
        if (start < 0)
            return;
        int end = start;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9')
            end++;
        bytes.RemoveRange(start, end - start);
        long value = random.Next(4) switch { 0 => random.Next(4), 1 => random.Next(1000), 2 => random.NextInt64(), _ => 1L << random.Next(63) };
        bytes.InsertRange(start, Encoding.UTF8.GetBytes($"{value}"));
    }
}
