using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Declares a symbol version that a 64-bit little-endian ELF library needs from others optional (VER_FLG_WEAK of the System V gABI's
/// symbol versioning), so that the library loads where the version does not exist. Right only where no relocation uses a symbol of it.
/// </summary>
public class RelaxSymbolVersion : Task
{
    private const int VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 2; // VER_FLG_WEAK

    [Required]
    public string Library { get; set; }

    [Required]
    public string Version { get; set; }

    public override bool Execute()
    {
        if (!File.Exists(Library))
            return true;
        byte[] file = File.ReadAllBytes(Library);
        long sections = BitConverter.ToInt64(file, 0x28);
        int size = BitConverter.ToUInt16(file, 0x3A), count = BitConverter.ToUInt16(file, 0x3C);
        for (int i = 0; i < count; i++)
        {
            int section = (int)sections + (i * size);
            if (BitConverter.ToUInt32(file, section + 4) != VersionNeeds)
                continue;
            int names = (int)sections + ((int)BitConverter.ToUInt32(file, section + 0x28) * size);
            if (Relax(file, (int)BitConverter.ToInt64(file, section + 0x18), (int)BitConverter.ToInt64(file, names + 0x18)))
                File.WriteAllBytes(Library, file);
        }
        return true;
    }

    // Elf64_Verneed: version, count (2 bytes each), file, offset of the first Elf64_Vernaux, offset of the next; Elf64_Vernaux: hash, flags, other, name, next.
    private bool Relax(byte[] file, int need, int names)
    {
        bool changed = false;
        while (true)
        {
            int entry = need + (int)BitConverter.ToUInt32(file, need + 8);
            for (int i = 0; i < BitConverter.ToUInt16(file, need + 2); i++)
            {
                int name = names + (int)BitConverter.ToUInt32(file, entry + 8);
                if (Encoding.ASCII.GetString(file, name, Array.IndexOf(file, (byte)0, name) - name) == Version && (file[entry + 4] & Weak) == 0)
                {
                    file[entry + 4] |= (byte)Weak;
                    changed = true;
                }
                entry += (int)BitConverter.ToUInt32(file, entry + 12);
            }
            int next = (int)BitConverter.ToUInt32(file, need + 12);
            if (next == 0)
                return changed;
            need += next;
        }
    }
}
