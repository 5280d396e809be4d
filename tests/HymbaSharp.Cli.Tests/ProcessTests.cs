using System.Diagnostics;
using System.Text;

namespace HymbaSharp.Cli.Tests;

/// <summary>The tool as a process of its own.</summary>
public sealed class ProcessTests : IDisposable
{
    private const string InterruptsIgnored = "these tests run in a shell's background, where processes are begun with SIGINT ignored";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Text_is_utf8_and_the_code_0()
    {
        SmallCheckpoint.WriteFiles(_folder);
        Outcome outcome = await RunAsync("äöü €", "tokenize", "-m", _folder.Path, "--decode", "-p", "198 167");
        Assert.Equal("ä\n", outcome.Success);
        outcome = await RunAsync("ä", "tokenize", "-m", _folder.Path, "--pieces");
        Assert.Equal("    259  ▁\n    198  <0xC3>\n    167  <0xA4>\n", outcome.Success);
    }

    [Fact]
    public async Task Errors_are_one_line_on_standard_error()
    {
        Assert.Contains("nowhere", (await RunAsync("", "inspect", "nowhere")).Failure(), StringComparison.Ordinal);
        Assert.Contains("--help", (await RunAsync("", "bogus")).Failure(ToolRunner.Misused), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_knows_its_version() => Assert.Matches(@"^\d+\.\d+\.\d+", (await RunAsync("", "--version")).Success);

    [Fact]
    public async Task A_reader_that_goes_away_ends_it_silently()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows hides that a pipe is closed");
        SmallCheckpoint.WriteFiles(_folder);
        string texts = _folder.Write("texts.txt", string.Concat(Enumerable.Repeat("abc ", 200_000)));
        using Process process = Start("tokenize", "-m", _folder.Path, "-f", texts);
        process.StandardInput.Close();
        process.StandardOutput.Close();
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(141, process.ExitCode);
    }

    [Theory]
    [InlineData("-TERM")]
    [InlineData("-INT")]
    public async Task A_server_ends_in_order_when_it_is_asked_to(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        Assert.SkipWhen(signal == "-INT" && await InterruptsAreIgnoredAsync(), InterruptsIgnored);
        SmallCheckpoint.Write(_folder);
        using Process process = Start("serve", "-m", _folder.Path, "--port", "0", "--alias", "tiny", "--session-dir", _folder.File("sessions"), "-np", "4");
        process.StandardInput.Close();
        string line = (await process.StandardError.ReadLineAsync())!;
        Assert.StartsWith("Serving tiny at http://127.0.0.1:", line, StringComparison.Ordinal);
        using HttpClient client = new() { BaseAddress = new Uri(line.Split(' ')[3].TrimEnd(',')) };
        using HttpResponseMessage response = await client.PostAsync("/v1/completions", new StringContent("""{"prompt": "ab", "max_tokens": 3, "ignore_eos": true}"""));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        using (Process kill = Process.Start("kill", [signal, $"{process.Id}"]))
            await kill.WaitForExitAsync();
        string rest = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Contains("/v1/completions", rest, StringComparison.Ordinal);
        Assert.Contains("Ending when the requests under way have", rest, StringComparison.Ordinal);
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("", await process.StandardOutput.ReadToEndAsync());
    }

    [Fact]
    public async Task Ctrl_C_ends_it_with_130_and_keeps_what_is_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        Assert.SkipWhen(await InterruptsAreIgnoredAsync(), InterruptsIgnored);
        using LocalHub hub = new() { SilentAfter = 12_000_000 };
        using Process process = Start("pull", LocalHub.Repository, "--endpoint", hub.Address);
        process.StandardInput.Close();
        await hub.Silent.Task.WaitAsync(TimeSpan.FromSeconds(20));
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync();
        Assert.Contains("what is downloaded is kept", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        await process.WaitForExitAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.NotEmpty(Directory.GetFiles(_folder.File("hub", "models--nvidia--Hymba-tiny", "blobs")));
    }

    /// <summary>Whether processes that this one starts have SIGINT ignored from the beginning (bit 1 of Linux's SigIgn).</summary>
    private static async Task<bool> InterruptsAreIgnoredAsync()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        using Process shell = Process.Start(new ProcessStartInfo("grep", ["SigIgn", "/proc/self/status"]) { RedirectStandardOutput = true })!;
        string line = await shell.StandardOutput.ReadToEndAsync();
        return (Convert.ToInt64(line.Split('\t')[1].Trim(), 16) & 2) != 0;
    }

    private async Task<Outcome> RunAsync(string input, params string[] args)
    {
        using Process process = Start(args);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Outcome(process.ExitCode, (await output).ReplaceLineEndings("\n"), (await error).ReplaceLineEndings("\n"));
    }

    private Process Start(params string[] args)
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "hymba.dll"), .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = utf8,
            StandardOutputEncoding = utf8,
            StandardErrorEncoding = utf8,
        };
        start.Environment["HF_HUB_CACHE"] = _folder.File("hub");
        return Process.Start(start)!;
    }
}
