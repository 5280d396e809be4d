namespace HymbaSharp.Demo.Skills;

/// <summary>In how many ways things are said.</summary>
internal enum Wordings
{
    /// <summary>Three to nine ways to ask for each identity answer; most tools' nouns are known words; tools' results are JSON with spaces.</summary>
    Few,

    /// <summary>Fifteen to thirty ways; more tools, most of their nouns made up, each called once; results are JSON with spaces or without.</summary>
    Many,
}
