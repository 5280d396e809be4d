namespace HymbaSharp.Checkpoints.Hub;

/// <summary>The environment variables that all tools of the hub share. An empty variable counts as absent.</summary>
internal sealed class HubEnvironment(Func<string, string?> variable)
{
    public static HubEnvironment Process { get; } = new(Environment.GetEnvironmentVariable);

    public string CacheFolder => Folder("HF_HUB_CACHE") ?? Path.Combine(Home, "hub");

    public string? Endpoint => Variable("HF_ENDPOINT");

    public string? Token
    {
        get
        {
            if (Variable("HF_TOKEN") is { } token)
                return token;
            string path = Folder("HF_TOKEN_PATH") ?? Path.Combine(Home, "token");
            try
            {
                string text = File.ReadAllText(path).Trim();
                return text.Length > 0 ? text : null;
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new HubException($"The access token in {path} could not be read: {e.Message} Set HF_TOKEN, or HF_TOKEN_PATH to another file.", e);
            }
        }
    }

    private string Home => Folder("HF_HOME")
        ?? (Folder("XDG_CACHE_HOME") is { } caches ? Path.Combine(caches, "huggingface") : Path.Combine(UserFolder, ".cache", "huggingface"));

    private string UserFolder
    {
        get
        {
            string folder = Variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return folder.Length > 0 ? folder : throw new HubException("There is no home folder to keep checkpoints in: set HF_HUB_CACHE to a folder.");
        }
    }

    private string? Folder(string name)
    {
        string? value = Variable(name);
        return value is ['~', ..] && (value.Length == 1 || value[1] is '/' or '\\') ? UserFolder + value[1..] : value;
    }

    private string? Variable(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;
}
