using System.Text;
using System.Text.Json;
using Microsoft.Playwright;

namespace HymbaSharp.Server.Tests.Web;

/// <summary>The chat's page, by what a person sees of it.</summary>
public sealed class ChatPage
{
    public ChatPage(IPage page)
    {
        Page = page;
        page.Request += (_, request) =>
        {
            if (request.Method == "POST")
                Sent.Add(JsonElement.Parse(request.PostData!));
        };
    }

    public IPage Page { get; }

    /// <summary>The bodies of the requests for replies, in their order.</summary>
    public List<JsonElement> Sent { get; } = [];

    public ILocator Box => Page.Locator("#question");

    public ILocator Messages => Page.Locator("article.message");

    public ILocator Last => Messages.Last;

    /// <summary>The text of the last message.</summary>
    public ILocator Text => Last.Locator(".body");

    public ILocator Stop => Page.Locator("#stop");

    public ILocator Totals => Page.Locator("#totals");

    public ILocator Focused => Page.Locator(":focus");

    public static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    /// <summary>The button of the last message, or of another one, whose label begins so.</summary>
    public ILocator Action(string label, ILocator? message = null) => (message ?? Last).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = label });

    public ILocator Button(string label) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = label, Exact = true });

    /// <summary>Types sampling settings, by their names in a request, into the setup, which stays open where there is room.</summary>
    public async Task SetAsync(params (string Name, string Value)[] settings)
    {
        if (!await Page.Locator("#setup").IsVisibleAsync())
            await Button("Setup").ClickAsync();
        foreach ((string name, string value) in settings)
            await Page.Locator($"#sampling-{name}").FillAsync(value);
        if (await Page.Locator("#setup.overlay").CountAsync() > 0)
            await Page.Keyboard.PressAsync("Escape");
    }

    /// <summary>The most probable reply, the same every time.</summary>
    public Task SetGreedyAsync() => SetAsync(("temperature", "0"));

    /// <summary>From now on replies end where they are stopped or have the most tokens, and come at the pace of a slow line: there is time to stop them.</summary>
    public async Task SetEndlessAsync()
    {
        await Page.RouteAsync("**/v1/chat/completions", route => route.ContinueAsync(new RouteContinueOptions
        {
            PostData = Encoding.UTF8.GetBytes($"{route.Request.PostData![..^1]}, \"ignore_eos\": true}}"),
        }));
        ICDPSession browser = await Page.Context.NewCDPSessionAsync(Page);
        _ = await browser.SendAsync("Network.emulateNetworkConditions", new Dictionary<string, object> { ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = 50_000, ["uploadThroughput"] = -1 });
    }

    /// <summary>Takes one of the examples of an empty chat, which fills the box.</summary>
    public Task TakeExampleAsync(string title) => Page.Locator(".example", new PageLocatorOptions { HasText = title }).ClickAsync();

    /// <summary>Sends what the box holds, or a text, and waits for the reply's end.</summary>
    public async Task AskAsync(string? text = null)
    {
        if (text is not null)
            await Box.FillAsync(text);
        int replies = Sent.Count;
        await Box.PressAsync("Enter");
        await EndedAsync(replies + 1);
    }

    /// <summary>Waits until so many replies were asked for and the last one has ended.</summary>
    public async Task EndedAsync(int replies)
    {
        for (int tries = 0; Sent.Count < replies && tries < 2000; tries++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal(replies, Sent.Count);
        await Expect(Page.Locator(".streaming")).ToHaveCountAsync(0);
        await Expect(Stop).ToBeHiddenAsync();
    }

    /// <summary>How far the page is wider than its window, in pixels.</summary>
    public Task<int> OverflowAsync() => Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
