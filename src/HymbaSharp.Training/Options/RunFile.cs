using System.Text.Json;
using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace HymbaSharp.Training.Options;

/// <summary>A file that describes a run: TOML, or JSON by its extension <c>.json</c>, with the same sections and keys.</summary>
internal static class RunFile
{
    /// <summary>The options of a file; where it is silent, the defaults. Each is checked alone; that they fit each other is for <see cref="TrainingOptions.Validate"/>.</summary>
    /// <exception cref="TrainingOptionsException">The file is no TOML or JSON, or a key or value is wrong.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TrainingOptions Read(string path)
    {
        string text = File.ReadAllText(path);
        bool isJson = Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);
        IReadOnlyDictionary<string, object> sections = isJson ? ParseJson(text, path) : ParseToml(text, path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        TrainingOptions options = new();
        foreach ((string section, object keys) in sections)
        {
            if (!OptionTable.Sections.Contains(section))
                throw Unknown(path, section, keys);
            if (keys is not IReadOnlyDictionary<string, object> values)
                throw new TrainingOptionsException($"{path}: {section} is {OptionKind.Show(keys)}; expected a section of options.");
            foreach ((string name, object value) in values)
            {
                OptionKey key = OptionTable.Keys.FirstOrDefault(key => key.Section == section && key.Name == name)
                    ?? throw new TrainingOptionsException($"{path}: {section}.{name} is no option; the closest is {Closest(section, name)}.");
                options = key.Read(options, value, folder, $"{path}: {key.FullName}");
            }
        }
        return options;
    }

    /// <summary>All options that are set, as the text of a TOML file.</summary>
    public static string Write(TrainingOptions options)
    {
        TomlTable sections = [];
        foreach (OptionKey key in OptionTable.Keys)
        {
            if (key.Get(options) is not { } value)
                continue;
            if (!sections.TryGetValue(key.Section, out object? table))
                sections[key.Section] = table = new TomlTable();
            ((TomlTable)table!)[key.Name] = ToToml(key.Kind.Write(value));
        }
        return TomlSerializer.Serialize(sections);
    }

    private static TrainingOptionsException Unknown(string path, string section, object keys) => keys is IReadOnlyDictionary<string, object>
        ? new($"{path}: [{section}] is no section; the closest is [{Spelling.Closest(section, OptionTable.Sections)}].")
        : new($"{path}: {section} stands in no section; the closest is {Closest("", section)}.");

    // A key in the wrong section is more likely than one that is also misspelt.
    private static string Closest(string section, string name) => OptionTable.Keys
        .OrderBy(key => Spelling.Distance(name, key.Name)).ThenBy(key => key.Section == section ? 0 : 1)
        .First().FullName;

    private static IReadOnlyDictionary<string, object> ParseToml(string text, string path)
    {
        try
        {
            // The serializer alone would let a later key replace an earlier one.
            DocumentSyntax document = SyntaxParser.Parse(text, path, validate: true);
            if (document.Diagnostics.FirstOrDefault() is { } fault)
                throw new TrainingOptionsException($"{path}, line {fault.Span.Start.Line + 1}: {fault.Message.Trim()}.");
            return (IReadOnlyDictionary<string, object>)FromToml(TomlSerializer.Deserialize<TomlTable>(text)!);
        }
        catch (TomlException error)
        {
            throw new TrainingOptionsException($"{path}, line {error.Line}: {error.Message.Trim()}.");
        }
        catch (ArgumentOutOfRangeException)
        {
            // Tomlyn 2.10 stumbles over its own message where a text ends within an escape.
            throw new TrainingOptionsException($"{path}: a text ends within an escape; a backslash is written as \\\\.");
        }
    }

    private static object FromToml(object? value) => value switch
    {
        TomlTable table => table.ToDictionary(pair => pair.Key, pair => FromToml(pair.Value)),
        TomlArray array => array.Select(FromToml).ToArray(),
        TomlTableArray tables => tables.Select(FromToml).ToArray(),
        _ => value!,
    };

    private static object ToToml(object value)
    {
        if (value is not object[] items)
            return value;
        TomlArray array = [];
        foreach (object item in items)
            array.Add(item);
        return array;
    }

    private static IReadOnlyDictionary<string, object> ParseJson(string text, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return FromJson(document.RootElement) as IReadOnlyDictionary<string, object>
                ?? throw new TrainingOptionsException($"{path}: expected a JSON object of sections.");
        }
        catch (JsonException error)
        {
            throw new TrainingOptionsException($"{path}: {error.Message}");
        }
    }

    private static object FromJson(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().ToDictionary(property => property.Name, property => FromJson(property.Value)),
        JsonValueKind.Array => value.EnumerateArray().Select(FromJson).ToArray(),
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => value.TryGetInt64(out long whole) ? (object)whole : value.GetDouble(),
        _ => JsonNull.Value,
    };

    /// <summary>JSON's null, which no option takes: leaving a key out says it.</summary>
    private sealed class JsonNull
    {
        public static readonly JsonNull Value = new();

        public override string ToString() => "null";
    }
}
