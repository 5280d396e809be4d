using System.Text.RegularExpressions;
using HymbaSharp.Chat;

namespace HymbaSharp.Tests.Docs;

public sealed class DocumentTests
{
    private static IEnumerable<string> Code =>
        Directory.EnumerateDirectories(Path.Combine(TestData.Repository, "tests")).Select(project => Path.Combine(project, "Docs", "DocumentedCodeTests.cs")).Where(File.Exists);

    private static IEnumerable<string> Documents =>
        Directory.EnumerateFiles(TestData.Repository, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(TestData.Repository, "docs"), "*.md", SearchOption.AllDirectories));

    [Fact]
    public void Links_between_documents_lead_to_files()
    {
        foreach (string document in Documents)
        {
            foreach (Match link in Regex.Matches(File.ReadAllText(document), @"\]\((?!https?:)([^)#]+)(#[^)]*)?\)"))
                Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, link.Groups[1].Value)), $"{Name(document)} links to {link.Groups[1].Value}");
        }
    }

    [Fact]
    public void All_csharp_in_the_documents_is_code_that_runs()
    {
        string[] shown =
        [
            .. from document in Documents
               from Match block in Regex.Matches(Lines(document), "^```csharp\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)
               select $"{Name(document)}\n{block.Groups[1].Value}",
        ];
        string[] run =
        [
            .. from code in Code
               from Match region in Regex.Matches(Lines(code), "^( +)// begin (.*?)\n(.*?)^ +// end$", RegexOptions.Multiline | RegexOptions.Singleline)
               let indent = region.Groups[1].Value
               select $"{region.Groups[2].Value}\n{Regex.Replace(region.Groups[3].Value, $"^{indent}", "", RegexOptions.Multiline)}",
        ];
        Assert.NotEmpty(run);
        Assert.Equal(run.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("{{ 1|nope }}", "filter")]
    [InlineData("{{ 1 is nope }}", "test")]
    public void Chat_templates_md_names_every_filter_and_test(string unknown, string kind)
    {
        string document = File.ReadAllText(Path.Combine(TestData.Repository, "docs", "chat-templates.md"));
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(unknown).Render(new ChatTemplateInput { Messages = [] }));
        string prefix = $"there is no {kind} 'nope'; known are ";
        Assert.StartsWith(prefix, error.Reason, StringComparison.Ordinal);
        foreach (string name in error.Reason[prefix.Length..].Split(", "))
            Assert.Contains($"`{name}`", document, StringComparison.Ordinal);
    }

    private static string Lines(string file) => File.ReadAllText(file).ReplaceLineEndings("\n");

    private static string Name(string document) => Path.GetRelativePath(TestData.Repository, document).Replace('\\', '/');
}
