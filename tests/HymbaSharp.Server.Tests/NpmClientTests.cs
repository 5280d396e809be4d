namespace HymbaSharp.Server.Tests;

/// <summary>The official client of JavaScript, unchanged, against the running server: the tests of <c>tests/clients/openai</c>.</summary>
public sealed class NpmClientTests
{
    private static readonly string[] NoNetwork = ["EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ENOTCACHED"];

    [Fact]
    public async Task OpenAI_of_JavaScript_finds_all_it_needs()
    {
        string? node = Programs.Find("node", "node.exe"), npm = Programs.Find("npm", "npm.cmd");
        Assert.SkipWhen(node is null || npm is null, "needs node and npm on the path");
        string folder = Directory.CreateTempSubdirectory("hymbasharp-npm").FullName;
        try
        {
            foreach (string name in new[] { "package.json", "package-lock.json", "client.test.mjs" })
                File.Copy(Path.Combine(TestServer.Root, "tests", "clients", "openai", name), Path.Combine(folder, name));
            (int status, string output) = await Programs.RunAsync(npm!, ["ci", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1"], folder);
            Assert.SkipWhen(status != 0 && NoNetwork.Any(code => output.Contains(code, StringComparison.Ordinal)), "needs a package registry that can be reached");
            Assert.True(status == 0, output);

            await using TestServer open = await TestServer.StartAsync(), keyed = await TestServer.StartAsync(new ServerOptions { ApiKeys = ["sesame"] });
            (status, output) = await Programs.RunAsync(node!, ["--test", "--test-reporter=tap", "client.test.mjs"], folder, new Dictionary<string, string>
            {
                ["HYMBASHARP_URL"] = open.Address.ToString(),
                ["HYMBASHARP_KEYED_URL"] = keyed.Address.ToString(),
            });
            Assert.True(status == 0, output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
