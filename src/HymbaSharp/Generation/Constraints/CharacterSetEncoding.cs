namespace HymbaSharp.Generation.Constraints;

/// <summary>How the characters of a set are written.</summary>
internal delegate Expression CharacterSetEncoding(CharacterSet characters);
