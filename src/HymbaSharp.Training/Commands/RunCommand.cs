using System.CommandLine;
using HymbaSharp.CommandLine;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Options;

namespace HymbaSharp.Training.Commands;

/// <summary>One training run.</summary>
internal sealed class RunCommand : ToolCommand
{
    private readonly Func<TrainingOptions, RunLog, CancellationToken, Task> _train;
    private readonly Argument<string?> _file = new("FILE") { Description = "The run file: TOML, or JSON by its extension. Flags override it. Without one, flags say all.", Arity = ArgumentArity.ZeroOrOne };
    private readonly IReadOnlyList<(OptionKey Key, Option Flag)> _flags = [.. OptionTable.Keys.Select(key => (key, key.ToFlag()))];

    /// <summary>The command.</summary>
    /// <param name="terminal">What it reads and writes.</param>
    /// <param name="train">Trains by options that have been checked. When cancelled it writes a checkpoint and returns.</param>
    public RunCommand(Terminal terminal, Func<TrainingOptions, RunLog, CancellationToken, Task> train)
        : base("run", "Trains a model as a run file and flags say, and goes on from the last checkpoint of its output folder.", terminal)
    {
        _train = train;
        _file.Validators.Add(result =>
        {
            if (UnknownFlag(result.Tokens.Select(token => token.Value)) is { } error)
                result.AddError(error);
        });
        Add(_file);
        foreach ((_, Option flag) in _flags)
            Add(flag);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba-train run run.toml",
        "hymba-train run run.toml --learning-rate 1e-4 --steps 2000 --output runs/second",
        "hymba-train run --config config.json --tokenizer ./tokenizer --train-files corpus.txt --output runs/scratch",
        "hymba-train run --objective sft --model ./Hymba-1.5B-Base --train adapter --adapter-method dora --train-files chats.jsonl --output runs/sft",
        "hymba-train run --objective dpo --model runs/sft/final --train memory_tokens --train-files pairs.jsonl --output runs/dpo",
    ];

    public override string? Explain(ParseResult line) =>
        UnknownFlag([.. line.GetResult(_file)?.Tokens.Select(token => token.Value) ?? [], .. line.UnmatchedTokens]);

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        TrainingOptions options = ReadOptions(line);
        using (RunLog log = new(options.Run.Output!, Terminal))
            await _train(options, log, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private TrainingOptions ReadOptions(ParseResult line)
    {
        string? file = line.GetValue(_file);
        TrainingOptions options = file is null ? new TrainingOptions() : RunFile.Read(file);
        try
        {
            foreach ((OptionKey key, Option flag) in _flags)
            {
                if (line.GetResult(flag) is { Implicit: false } given)
                    options = key.Read(options, key.Parse([.. given.Tokens.Select(token => token.Value)]), Environment.CurrentDirectory, key.Flag);
            }
            options.Validate();
            return options;
        }
        catch (TrainingOptionsException error)
        {
            throw new UsageException(error.Message);
        }
    }

    /// <summary>The flag that does not exist, if there is one. The parser takes the first such for the file.</summary>
    private string? UnknownFlag(IEnumerable<string> words) => words.FirstOrDefault(word => word.StartsWith('-')) is { } unknown
        ? $"{unknown} is no option; the closest is {Spelling.Closest(unknown, _flags.Select(flag => flag.Flag.Name))}"
        : null;
}
