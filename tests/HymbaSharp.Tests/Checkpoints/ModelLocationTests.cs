using HymbaSharp.Checkpoints;
using HymbaSharp.Checkpoints.Hub;

namespace HymbaSharp.Tests.Checkpoints;

public sealed class ModelLocationTests : IDisposable
{
    private const string Commit = "cccccccccccccccccccccccccccccccccccccccc";

    private readonly TemporaryFolder _folder = new();

    private HubCache Cache => new(_folder.File("cache"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_with_a_configuration_is_itself_with_or_without_weights()
    {
        _ = _folder.Write("config.json", []);
        Assert.Equal(_folder.Path, ModelLocation.Find(_folder.Path, Cache));
    }

    [Theory]
    [InlineData("owner/name")]
    [InlineData("owner/name@main")]
    [InlineData("owner/name@" + Commit)]
    public void A_hub_name_is_looked_up_in_the_cache(string name)
    {
        string snapshot = Snapshot("owner", "name");
        Assert.Equal(snapshot, ModelLocation.Find(name, Cache));
    }

    [Fact]
    public void Another_revision_is_not_taken_for_the_one_asked_for()
    {
        _ = Snapshot("owner", "name");
        Assert.Contains("'hymba pull owner/name@v2'", Refusal("owner/name@v2"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("owner/name", "'hymba pull owner/name'")]
    [InlineData("just-a-name", "owner/name")]
    [InlineData("", "owner/name")]
    [InlineData("a/b/c", "owner/name")]
    [InlineData("bad\0/name", "owner/name")]
    public void What_is_not_there_is_refused_with_what_to_do(string name, string advice) =>
        Assert.Contains(advice, Refusal(name), StringComparison.Ordinal);

    [Fact]
    public void A_folder_without_configuration_is_refused_as_such() =>
        Assert.Contains("holds no config.json", Refusal(_folder.Path), StringComparison.Ordinal);

    [Fact]
    public void A_file_is_refused_with_its_folder_asked_for() =>
        Assert.Contains("is a file", Refusal(_folder.Write("model.safetensors", [])), StringComparison.Ordinal);

    [Fact]
    public void The_demo_is_found_above_any_start()
    {
        string demo = _folder.File(ModelLocation.DemoFolder);
        string start = _folder.File(Path.Combine("a", "b"));
        _ = Directory.CreateDirectory(demo);
        _ = Directory.CreateDirectory(start);
        File.WriteAllBytes(Path.Combine(demo, "config.json"), []);
        Assert.Equal(demo, ModelLocation.FindDemo([Path.GetTempPath(), start]));
    }

    [Fact]
    public void No_name_and_no_demo_say_what_to_do()
    {
        string message = Assert.Throws<CheckpointException>(() => ModelLocation.FindDemo([_folder.Path])).Message;
        Assert.Contains("-m", message, StringComparison.Ordinal);
        Assert.Contains("hymba pull", message, StringComparison.Ordinal);
    }

    private string Refusal(string name) => Assert.Throws<CheckpointException>(() => ModelLocation.Find(name, Cache)).Message;

    private string Snapshot(string owner, string name)
    {
        string repository = Path.Combine(_folder.File("cache"), $"models--{owner}--{name}");
        string snapshot = Path.Combine(repository, "snapshots", Commit);
        _ = Directory.CreateDirectory(snapshot);
        _ = Directory.CreateDirectory(Path.Combine(repository, "refs"));
        File.WriteAllText(Path.Combine(repository, "refs", "main"), Commit);
        File.WriteAllBytes(Path.Combine(snapshot, "config.json"), []);
        File.WriteAllBytes(Path.Combine(snapshot, "model.safetensors"), []);
        return snapshot;
    }
}
