using System.CommandLine;
using System.Diagnostics;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Cli.Commands;

/// <summary>A checkpoint of random weights.</summary>
internal sealed class InitCommand : ToolCommand
{
    // What a checkpoint's folder holds beside configuration and weights.
    private static readonly string[] TokenizerFiles =
        ["tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "generation_config.json"];

    private readonly Argument<string> _config = new("CONFIG") { Description = "The configuration: a config.json, or a folder that holds one." };
    private readonly Argument<string> _folder = new("FOLDER") { Description = "Where the checkpoint goes; created where needed. It must hold no weights yet." };
    private readonly Option<ulong?> _seed = NumberOption.Of<ulong>(
        "--seed", "What the weights are drawn from, 0 or more; the same seed gives the same bytes on every machine. Default: 0.", "-s");

    private readonly Option<string?> _type = new("--type") { Description = "The type to store weights in. Default: the configuration's torch_dtype." };

    public InitCommand(Terminal terminal) : base("init", "Makes an untrained checkpoint of random weights from a configuration.", terminal)
    {
        _ = _type.AcceptOnlyFromAmong("f32", "f16", "bf16");
        Add(_config);
        Add(_folder);
        Add(_seed);
        Add(_type);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba init config.json ./untrained --seed 1",
        "hymba init ./my-config ./untrained --type bf16",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string config = line.GetRequiredValue(_config), folder = line.GetRequiredValue(_folder);
        ElementType? type = line.GetValue(_type) switch { "f32" => ElementType.F32, "f16" => ElementType.F16, "bf16" => ElementType.BF16, _ => null };
        long start = Stopwatch.GetTimestamp();
        _ = await ProgressBar.RunAsync(Terminal.ErrorConsole, "Drawing weights", report => Task.Run(() =>
        {
            RandomCheckpoint.Write(config, folder, line.GetValue(_seed) ?? 0, type, new ImmediateProgress<double>(fraction => report(fraction, "")), cancellationToken);
            return true;
        }, CancellationToken.None));
        CopyTokenizer(Directory.Exists(config) ? config : Path.GetDirectoryName(Path.GetFullPath(config))!, folder);

        HymbaConfig written = HymbaConfig.Load(folder);
        long bytes = new FileInfo(Path.Combine(folder, Checkpoint.FileName)).Length;
        await Terminal.Error.WriteLineAsync(
            $"{folder}: {Sizes.Count(written.ParameterCount)} parameters, {Sizes.Bytes(bytes)}, in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s.");
    }

    private static void CopyTokenizer(string source, string target)
    {
        if (Path.GetFullPath(source) == Path.GetFullPath(target))
            return;
        foreach (string name in TokenizerFiles)
        {
            if (File.Exists(Path.Combine(source, name)))
                File.Copy(Path.Combine(source, name), Path.Combine(target, name), overwrite: true);
        }
    }
}
