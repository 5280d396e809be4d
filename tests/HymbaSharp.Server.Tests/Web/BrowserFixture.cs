using Microsoft.Playwright;

namespace HymbaSharp.Server.Tests.Web;

/// <summary>One browser, without a window, and one server for all tests of the page.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<BrowserFixture>, ICollectionFixture<ServerFixture>
{
    public const string Name = "Browser";
}

/// <summary>The machine's own Chromium; where there is none, tests that visit a page are skipped.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Programs.Find("chromium", "chromium-browser", "google-chrome") is not { } program)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = ["--no-sandbox"] });
    }

    /// <summary>
    /// Opens the page in a profile of its own, and holds against it whatever the console calls an error (violations of the content security policy are such)
    /// and every request to another host. That the server refuses a key is no error where <paramref name="isRefused"/> says so.
    /// </summary>
    public async Task VisitAsync(Uri address, Func<ChatPage, Task> visit, BrowserNewContextOptions? options = null, bool isRefused = false)
    {
        Assert.SkipWhen(_browser is null, "needs chromium on the path");
        options ??= new BrowserNewContextOptions();
        options.ViewportSize ??= new ViewportSize { Width = 1280, Height = 800 };
        await using IBrowserContext context = await _browser.NewContextAsync(options);
        // The machine may be at work on other tests.
        context.SetDefaultTimeout(30_000);
        Assertions.SetDefaultExpectTimeout(30_000);
        List<string> problems = [];
        IPage page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                problems.Add($"{message.Text} {message.Location}");
        };
        page.PageError += (_, error) => problems.Add(error);
        page.Request += (_, request) =>
        {
            Uri asked = new(request.Url);
            if (asked.Scheme is not ("blob" or "data") && asked.Authority != address.Authority)
                problems.Add($"a request to {request.Url}");
        };
        try
        {
            _ = await page.GotoAsync(address.ToString());
            await visit(new ChatPage(page));
            Assert.Empty(await page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, i, all) => all.indexOf(id) !== i)"));
        }
        finally
        {
            if (Environment.GetEnvironmentVariable("HYMBASHARP_SCREENSHOTS") is { Length: > 0 } folder)
                _ = await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{TestContext.Current.TestMethod!.MethodName}.png") });
        }
        if (isRefused)
            _ = problems.RemoveAll(problem => problem.Contains("the server responded with a status of 401", StringComparison.Ordinal));
        Assert.Empty(problems);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
