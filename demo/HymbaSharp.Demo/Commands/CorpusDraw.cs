using System.CommandLine;
using HymbaSharp.Demo.Corpus;
using HymbaSharp.Demo.Skills;

namespace HymbaSharp.Demo.Commands;

/// <summary>The options that say what conversations are drawn.</summary>
/// <param name="what">What they are, as help names them.</param>
internal sealed class CorpusDraw(string what)
{
    private static readonly CorpusOptions Defaults = new();

    private readonly Option<int[]> _shares = new("--shares")
    {
        Description = $"How often each skill is drawn in {what}, relative to the others: context, tools, sums, roles, identity.",
        HelpName = "N,N,N,N,N",
        DefaultValueFactory = _ => [.. Defaults.Shares],
        CustomParser = result =>
        {
            string text = string.Concat(result.Tokens.Select(token => token.Value));
            int[] shares = [.. text.Split(',').Select(part => int.TryParse(part, out int share) ? share : -1)];
            if (shares.Length != Defaults.Shares.Count || shares.Any(share => share is < 0 or > 1000) || shares.Sum() == 0)
                result.AddError($"--shares is '{text}'; expected five whole numbers from 0 to 1000, separated by commas, not all 0.");
            return shares;
        },
    };

    private readonly Option<Wordings> _wordings = WordingsOption(what);

    internal static Option<Wordings> WordingsOption(string what) => new("--wordings")
    {
        Description = $"In how many ways {what} ask what the model is, name tools and write their results.",
        DefaultValueFactory = _ => Defaults.Wordings,
    };

    public void AddTo(Command command)
    {
        command.Add(_shares);
        command.Add(_wordings);
    }

    public int[] Shares(ParseResult line) => line.GetRequiredValue(_shares);

    public Wordings Wordings(ParseResult line) => line.GetValue(_wordings);
}
