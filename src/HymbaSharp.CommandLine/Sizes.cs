namespace HymbaSharp.CommandLine;

/// <summary>Numbers as people read them: decimal units, three digits.</summary>
internal static class Sizes
{
    private static readonly string[] ByteUnits = ["bytes", "KB", "MB", "GB", "TB", "PB"];
    private static readonly string[] CountUnits = ["", "K", "M", "B", "T", "Q"];

    /// <summary>3.05 GB, 11.5 KB, 12 bytes.</summary>
    public static string Bytes(double bytes) => Scale(bytes, ByteUnits);

    /// <summary>1.52 B, 96.</summary>
    public static string Count(double count) => Scale(count, CountUnits).TrimEnd();

    private static string Scale(double value, string[] units)
    {
        int unit = 0;
        // 999.5 would be shown as 1000.
        for (; value >= 999.5 && unit < units.Length - 1; unit++)
            value /= 1000;
        string format = unit == 0 || value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00";
        return $"{value.ToString(format)} {units[unit]}";
    }
}
