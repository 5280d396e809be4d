using System.CommandLine;
using System.Text.Json;
using HymbaSharp.Chat;

namespace HymbaSharp.Cli.Options;

/// <summary>The options that say what a conversation begins with.</summary>
internal sealed class BeginningOptions
{
    private readonly Option<string?> _system = new("--system", "-sys") { Description = "The system's message.", HelpName = "TEXT" };
    private readonly Option<string[]> _contexts = new("--context") { Description = "A text file that the model answers from; may be given several times.", HelpName = "FILE", DefaultValueFactory = _ => [] };
    private readonly Option<string?> _tools = new("--tools") { Description = "A JSON file: an array of the functions that the model may call. Its calls are shown as it writes them.", HelpName = "FILE" };

    public BeginningOptions(Command command)
    {
        foreach (Option option in (Option[])[_system, _contexts, _tools])
            command.Add(option);
    }

    /// <summary>What the command line says.</summary>
    public ConversationOptions Read(ParseResult line) => new()
    {
        System = line.GetValue(_system),
        Contexts = [.. line.GetValue(_contexts)!.Select(file => File.ReadAllText(file))],
        Tools = line.GetValue(_tools) is { } tools ? ReadTools(tools) : [],
    };

    private static JsonElement[] ReadTools(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement[]>(File.ReadAllBytes(file)) ?? throw new UsageException($"{file}: expected a JSON array of functions, not null.");
        }
        catch (JsonException error)
        {
            throw new UsageException($"{file}: expected a JSON array of functions: {error.Message}");
        }
    }
}
