using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using Spectre.Console;

namespace HymbaSharp.Cli.Inspection;

/// <summary>A report as a person reads it, 80 columns wide.</summary>
internal sealed class ReportText(IAnsiConsole console)
{
    private const int MostProblems = 20;

    public void Write(ModelReport report)
    {
        console.Write(new Text(report.Folder, new Style(decoration: Decoration.Bold)));
        console.WriteLine();
        console.WriteLine();
        Grid facts = new();
        _ = facts.AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn(new GridColumn().PadRight(0));
        foreach ((string name, string value) in Architecture(report.Config).Concat(Contents(report)).Concat(Memory(report)))
            _ = facts.AddRow(new Text(name, new Style(Color.Grey)), new Text(value));
        console.Write(facts);
        console.WriteLine();
        WriteMap(report.Config);
        WriteProblems(report.Problems);
    }

    private static IEnumerable<(string, string)> Architecture(HymbaConfig config)
    {
        int owners = Enumerable.Range(0, config.LayerCount).Count(config.OwnsKeyValues);
        int windows = config.LayerCount - config.GlobalLayers.Length;
        yield return ("Architecture", $"Hymba: attention and SSM heads side by side in {config.LayerCount} layers");
        yield return ("Parameters", $"{config.ParameterCount:N0} ({Sizes.Count(config.ParameterCount)})");
        yield return ("Width", $"{config.HiddenSize}, MLP {config.IntermediateSize}");
        yield return ("Vocabulary", $"{config.VocabularySize} tokens, {(config.TiedEmbeddings ? "embedding and output share a matrix" : "an output matrix of its own")}");
        yield return ("Attention", $"{config.AttentionHeads} query heads, {config.KeyValueHeads} key/value heads, {config.KeyHeadSize} wide (values {config.ValueHeadSize})");
        yield return ("", $"{config.GlobalLayers.Length} global{(windows > 0 ? $", {windows} with a window of {config.SlidingWindow}" : "")}; {owners} own keys and values");
        yield return ("Position", Rope(config));
        yield return ("SSM", $"{config.InnerSize} channels, state {config.StateSize}, rank {config.TimeStepRank}, convolution {config.ConvolutionWidth}");
        yield return ("Meta tokens", $"{config.MetaTokens}");
        yield return ("Context", $"{config.MaxPositions} tokens");
        if (config.UnknownKeys.Length > 0)
            yield return ("Unknown keys", $"{string.Join(", ", config.UnknownKeys)} (in config.json; not acted upon)");
    }

    private static string Rope(HymbaConfig config)
    {
        string norm = config.KeyQueryNorm == KeyQueryNorm.None ? "" : "; norm on queries and keys";
        return config.Rope switch
        {
            RopeType.None => "no rotation",
            RopeType.Default => $"RoPE, base {config.RopeTheta}",
            RopeType.Ntk => $"RoPE, base {config.RopeTheta}, stretched (NTK) from {config.OriginalMaxPositions} to {config.MaxPositions}",
            _ => $"RoPE, base {config.RopeTheta}, stretched (NTK) with the length beyond {config.OriginalMaxPositions}",
        } + norm;
    }

    private static IEnumerable<(string, string)> Contents(ModelReport report)
    {
        if (report.Weights is { } weights)
        {
            yield return ("Weights", $"{Sizes.Bytes(weights.Bytes)} in {(weights.Files.Count == 1 ? weights.Files[0].Name : $"{weights.Files.Count} files")}, {weights.Tensors} tensors");
            yield return ("", string.Join(", ", weights.Types.Select(type => $"{Sizes.Count(type.Count)} {type.Type.Name()}")));
        }
        else
        {
            yield return ("Weights", "none in this folder");
        }
        if (report.Tokenizer is { } tokenizer)
        {
            yield return ("Tokenizer", $"{tokenizer.VocabularySize} tokens{(tokenizer.AddBosToken ? "; a text begins with BOS" : "")}");
            yield return ("", string.Join(", ", tokenizer.SpecialTokens.OrderBy(token => token.Value).Select(token => $"{token.Key} {token.Value}")));
        }
        else
        {
            yield return ("Tokenizer", "none in this folder");
        }
        yield return ("Chat template", report.Tokenizer?.ChatTemplate is { } template ? $"yes, {template.Length} characters" : "none");
    }

    private static IEnumerable<(string, string)> Memory(ModelReport report)
    {
        SequenceMemory memory = report.Memory;
        yield return ("A token takes", $"{Sizes.Bytes(memory.BytesPerToken)} in {memory.GlobalCaches} caches ({Sizes.Bytes(memory.UnsharedBytesPerToken)} if every layer kept its own)");
        yield return ("A sequence takes", $"{Sizes.Bytes(memory.BytesAt(report.Config.MaxPositions))} at full context: {Sizes.Bytes(memory.RecurrentBytes)} SSM state and convolution,");
        yield return ("", memory.WindowCaches > 0
            ? $"{Sizes.Bytes(memory.WindowBytes)} in {memory.WindowCaches} window caches, the rest global"
            : "the rest keys and values of all positions");
    }

    private void WriteMap(HymbaConfig config)
    {
        string seen = $"What the last of {config.MaxPositions} tokens sees".PadRight(LayerMap.Width + 8);
        console.MarkupLine($"[grey]Layer  {seen}  Keys and values[/]");
        foreach (LayerRow row in LayerMap.Rows(config))
        {
            string bar = $"[yellow]{new string('▒', row.MetaCells)}[/][grey]{new string('·', row.UnseenCells)}[/]"
                + $"[{(row.IsGlobal ? "aqua" : "green")}]{new string('█', row.SeenCells)}[/]";
            string source = row.Owner == row.Layer ? "" : $"  of layer {row.Owner}";
            console.MarkupLine($"{row.Layer,5}  {bar}  {(row.IsGlobal ? "global" : "window")}  {row.Bracket}{source}".TrimEnd());
        }
        console.MarkupLine($"       [yellow]▒[/] meta tokens  [grey]·[/] not seen  █ seen{new string(' ', 15)}● its own  ○ borrowed");
    }

    private void WriteProblems(List<string> problems)
    {
        if (problems.Count == 0)
            return;
        console.WriteLine();
        console.MarkupLine($"[red]{problems.Count} {(problems.Count == 1 ? "problem" : "problems")}[/]");
        foreach (string problem in problems.Take(MostProblems))
            console.WriteLine($"  {problem}");
        if (problems.Count > MostProblems)
            console.WriteLine($"  and {problems.Count - MostProblems} more (--json shows all)");
    }
}
