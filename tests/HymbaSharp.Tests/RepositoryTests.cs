namespace HymbaSharp.Tests;

public sealed class RepositoryTests
{
    [Fact]
    public void Every_reference_model_is_committed_whole()
    {
        foreach (string model in (string[])["ntk-shared-kv", "bf16-grouped-query", "untied-alternate-kv"])
        {
            foreach (string file in (string[])["config.json", "model.safetensors", "expected.safetensors"])
                Assert.True(File.Exists(Path.Combine(TestData.Reference(model), file)), $"{model}/{file}");
        }
    }
}
