using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using HymbaSharp.Checkpoints;
using HymbaSharp.Cli.Options;

namespace HymbaSharp.Cli.Commands;

/// <summary>The logits of given tokens, to compare implementations.</summary>
internal sealed class LogitsCommand : ToolCommand
{
    private const string TensorName = "logits";

    private readonly ModelOptions _model;
    private readonly Option<string?> _ids = new("--ids") { Description = "Token ids, separated by commas.", HelpName = "IDS" };
    private readonly Option<string?> _idsFile = new("--ids-file") { Description = "A file of token ids, separated by commas or white space, or a JSON array; - is standard input.", HelpName = "FILE" };
    private readonly Option<string?> _out = new("--out", "-o") { Description = "The safetensors file to write: a float32 tensor 'logits' [positions, vocabulary].", HelpName = "FILE" };
    private readonly Option<string?> _positions = new("--positions") { Description = "Only the logits after these of the given ids, counted from 0, ascending, separated by commas. Default: all.", HelpName = "LIST" };
    private readonly Option<string?> _fromState = new("--from-state") { Description = "Go on from a session that --save-state or 'hymba generate --save-state' wrote.", HelpName = "FILE" };
    private readonly Option<string?> _saveState = new("--save-state") { Description = "Write the session after the last id to a file.", HelpName = "FILE" };

    public LogitsCommand(Terminal terminal) : base("logits", "Computes the logits that follow given tokens, to compare implementations.", terminal)
    {
        foreach (Option option in (Option[])[_ids, _idsFile, _out, _positions, _fromState, _saveState])
            Add(option);
        _model = new ModelOptions(this);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "hymba logits -m ./checkpoint --ids 1,15043,3186 --out logits.safetensors",
        "hymba logits -m ./checkpoint --ids-file ids.json --positions 0,99 -o some.safetensors",
        "hymba logits -m ./checkpoint --ids 1,15043 --save-state a.state",
        "hymba logits -m ./checkpoint --from-state a.state --ids 3186 -o last.safetensors",
    ];

    protected override async Task RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string? output = line.GetValue(_out), saveState = line.GetValue(_saveState);
        if (output is null && saveState is null)
            throw new UsageException("Nothing to write: give --out FILE, --save-state FILE, or both.");
        if (output is null && line.GetValue(_positions) is not null)
            throw new UsageException("--positions says what goes to --out FILE, which is not given.");
        (int[] ids, string source) = await ReadIdsAsync(line, cancellationToken);
        int[] positions = Positions(line, ids.Length);

        using HymbaModel model = await _model.LoadAsync(line, Terminal, cancellationToken);
        TokenIds.Check(ids, model.Config.VocabularySize, source);
        using HymbaSession session = line.GetValue(_fromState) is { } state ? model.RestoreSession(state) : model.StartSession();
        long start = Stopwatch.GetTimestamp();
        if (output is null)
            session.Append(ids, cancellationToken);
        else
            Write(session, ids, positions, output, _model.Chunk(line), cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (saveState is not null)
            session.Save(saveState);
        string written = output is null ? "" : $" logits [{positions.Length}, {model.Config.VocabularySize}] in {output};";
        await Terminal.Error.WriteLineAsync($"{ids.Length} tokens in {seconds:0.000} s, {ids.Length / seconds:0.0} tokens/s;{written} {model.Threads} threads, {model.KernelPath.ToString().ToLowerInvariant()}.");
    }

    private async Task<(int[] Ids, string Source)> ReadIdsAsync(ParseResult line, CancellationToken cancellationToken)
    {
        string? ids = line.GetValue(_ids), file = line.GetValue(_idsFile);
        if (ids is null == file is null)
            throw new UsageException("Give token ids either by --ids or by --ids-file.");
        string source = ids is not null ? "--ids" : file!;
        string text = ids ?? (file == "-" ? await Terminal.Input.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(file!, cancellationToken));
        int[] parsed = TokenIds.Parse(text, source);
        return parsed.Length > 0 ? (parsed, source) : throw new UsageException($"{source}: there are no token ids.");
    }

    private int[] Positions(ParseResult line, int count)
    {
        if (line.GetValue(_positions) is not { } list)
            return [.. Enumerable.Range(0, count)];
        int[] positions = TokenIds.Parse(list, "--positions");
        int before = -1;
        foreach (int position in positions)
        {
            if (position <= before || position >= count)
                throw new UsageException($"--positions: {position} does not fit; expected ascending indices of the {count} ids given, 0 to {count - 1}.");
            before = position;
        }
        return positions.Length > 0 ? positions : throw new UsageException("--positions: the list is empty.");
    }

    /// <summary>Rows go to the file as steps compute them; a step without a wanted row computes no more logits than its last.</summary>
    private static void Write(HymbaSession session, int[] ids, int[] positions, string path, int rows, CancellationToken cancellationToken)
    {
        int vocabulary = session.Model.Config.VocabularySize;
        using SafetensorsWriter writer = new(path, [new TensorInfo(TensorName, ElementType.F32, [positions.Length, vocabulary])]);
        int written = 0;
        for (int start = 0; start < ids.Length; start += rows)
        {
            ReadOnlySpan<int> chunk = ids.AsSpan(start, Math.Min(rows, ids.Length - start));
            if (written == positions.Length || positions[written] >= start + chunk.Length)
            {
                session.Append(chunk, cancellationToken);
                continue;
            }
            int first = start;
            session.Append(chunk, (index, logits) =>
            {
                if (written < positions.Length && positions[written] == first + index)
                {
                    writer.Write(TensorName, MemoryMarshal.AsBytes(logits));
                    written++;
                }
            }, cancellationToken);
        }
        writer.Complete();
    }
}
