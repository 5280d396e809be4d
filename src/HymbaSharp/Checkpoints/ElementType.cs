using System.Runtime.InteropServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.Checkpoints;

/// <summary>The element types of the safetensors format that fill whole bytes. Weights are F32, F16 or BF16.</summary>
public enum ElementType
{
    /// <summary>IEEE float32.</summary>
    F32,

    /// <summary>IEEE float16.</summary>
    F16,

    /// <summary>The upper half of a float32.</summary>
    BF16,

    /// <summary>IEEE float64.</summary>
    F64,

    /// <summary>Float8 with 5 exponent and 2 mantissa bits.</summary>
    F8E5M2,

    /// <summary>Float8 with 4 exponent and 3 mantissa bits.</summary>
    F8E4M3,

    /// <summary>Float8 with 8 exponent bits: a power of two.</summary>
    F8E8M0,

    /// <summary>Complex number of two float32.</summary>
    C64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>A byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Sizes, file names and float conversions of the element types.</summary>
public static class ElementTypes
{
    private static readonly (ElementType Type, string Name, int Size)[] Table =
    [
        (ElementType.F32, "F32", 4), (ElementType.F16, "F16", 2), (ElementType.BF16, "BF16", 2), (ElementType.F64, "F64", 8),
        (ElementType.F8E5M2, "F8_E5M2", 1), (ElementType.F8E4M3, "F8_E4M3", 1), (ElementType.F8E8M0, "F8_E8M0", 1), (ElementType.C64, "C64", 8),
        (ElementType.I64, "I64", 8), (ElementType.I32, "I32", 4), (ElementType.I16, "I16", 2), (ElementType.I8, "I8", 1),
        (ElementType.U64, "U64", 8), (ElementType.U32, "U32", 4), (ElementType.U16, "U16", 2), (ElementType.U8, "U8", 1),
        (ElementType.Bool, "BOOL", 1),
    ];

    /// <summary>Bytes per element.</summary>
    public static int Size(this ElementType type) => Table[(int)type].Size;

    /// <summary>The type's name in a safetensors header.</summary>
    public static string Name(this ElementType type) => Table[(int)type].Name;

    /// <summary>Whether the type is one that weights are stored in: F32, F16 or BF16.</summary>
    public static bool IsWeight(this ElementType type) => type is ElementType.F32 or ElementType.F16 or ElementType.BF16;

    internal static string Names => string.Join(", ", Table.Select(row => row.Name));

    internal static ElementType? Parse(string? name)
    {
        foreach (var row in Table)
        {
            if (row.Name == name)
                return row.Type;
        }
        return null;
    }

    /// <summary>Widens stored weights to float32.</summary>
    internal static void ToSingles(ReadOnlySpan<byte> stored, ElementType type, Span<float> values)
    {
        if (type == ElementType.F32)
        {
            stored.CopyTo(MemoryMarshal.AsBytes(values));
        }
        else if (type == ElementType.BF16)
        {
            var halves = MemoryMarshal.Cast<byte, ushort>(stored);
            for (int i = 0; i < values.Length; i++)
                values[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
        }
        else
        {
            var halves = MemoryMarshal.Cast<byte, Half>(stored);
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)halves[i];
        }
    }

    /// <summary>Narrows float32 values to a weight type, rounding to nearest, ties to even.</summary>
    internal static void FromSingles(ReadOnlySpan<float> values, ElementType type, Span<byte> stored)
    {
        if (type == ElementType.F32)
        {
            MemoryMarshal.AsBytes(values).CopyTo(stored);
        }
        else if (type == ElementType.BF16)
        {
            var halves = MemoryMarshal.Cast<byte, ushort>(stored);
            for (int i = 0; i < values.Length; i++)
                halves[i] = StoredBFloat16.Narrow(values[i]);
        }
        else
        {
            var halves = MemoryMarshal.Cast<byte, Half>(stored);
            for (int i = 0; i < values.Length; i++)
                halves[i] = (Half)values[i];
        }
    }
}
