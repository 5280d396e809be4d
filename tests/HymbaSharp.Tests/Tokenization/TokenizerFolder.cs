using System.Text.Json.Nodes;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

/// <summary>A temporary folder with the files of a tiny tokenizer, in either format, as a test wants them.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("hymba-tokenizer-").FullName;

    public static Tokenizer LoadModel(ModelFixture? model = null, string? config = null)
    {
        using var folder = new TokenizerFolder();
        return folder.LoadModel((model ?? new ModelFixture()).Write(), config);
    }

    public static Tokenizer LoadJson(Action<JsonObject>? change = null, string? config = null)
    {
        using var folder = new TokenizerFolder();
        JsonObject json = JsonFixture.Create();
        change?.Invoke(json);
        return folder.LoadJson(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()), config);
    }

    public Tokenizer LoadModel(byte[] model, string? config = null)
    {
        WriteConfig(config);
        return Tokenizer.LoadModel(Write("tokenizer.model", model));
    }

    public Tokenizer LoadJson(byte[] json, string? config = null)
    {
        WriteConfig(config);
        return Tokenizer.LoadJson(Write("tokenizer.json", json));
    }

    public string Write(string name, byte[] content)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Write(string name, string content) => Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private void WriteConfig(string? config)
    {
        if (config is not null)
            Write("tokenizer_config.json", config);
    }
}
