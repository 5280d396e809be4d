using Microsoft.Playwright;
using static HymbaSharp.Server.Tests.Web.ChatPage;

namespace HymbaSharp.Server.Tests.Web;

/// <summary>The page around conversations: its keys, its shape, and who may open it.</summary>
[Collection(BrowserCollection.Name)]
public sealed class WebPageTests(BrowserFixture browser, ServerFixture fixture)
{
    private Uri Address => fixture.Server.Address;

    [Fact]
    public Task Everything_can_be_done_by_keys() => browser.VisitAsync(Address, async page =>
    {
        await Expect(page.Box).ToBeFocusedAsync();
        await page.SetGreedyAsync();
        await page.Box.FillAsync("What");
        await page.Box.PressAsync("Shift+Enter");
        await page.Page.Keyboard.TypeAsync("are you?");
        await page.Box.PressAsync("Enter");
        await page.EndedAsync(1);
        Assert.Equal("What\nare you?", page.Sent[0].GetProperty("messages")[0].GetProperty("content").GetString());

        await Expect(page.Box).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("ArrowUp");
        ILocator edit = page.Page.GetByLabel("Text of the message");
        await Expect(edit).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(edit).ToHaveCountAsync(0);
        await Expect(page.Focused).ToHaveAttributeAsync("aria-label", "Edit");
        await page.Box.FocusAsync();
        await page.Page.Keyboard.PressAsync("ArrowUp");
        await edit.FillAsync("Who are you?");
        await page.Page.Keyboard.PressAsync("Control+Enter");
        await page.EndedAsync(2);
        await Expect(page.Messages.First.Locator(".branches")).ToHaveTextAsync("2/2");

        await page.SetEndlessAsync();
        await page.Box.FillAsync("Go on.");
        await page.Box.PressAsync("Enter");
        await Expect(page.Stop).ToBeVisibleAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await page.EndedAsync(3);
        await Expect(page.Last.Locator(".card")).ToContainTextAsync("Stopped");

        await page.Page.Keyboard.PressAsync("Control+K");
        await Expect(page.Page.Locator(".welcome")).ToBeVisibleAsync();
        await Expect(page.Box).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("?");
        await Expect(page.Box).ToHaveValueAsync("?");
        await page.Button("Setup").FocusAsync();
        await page.Page.Keyboard.PressAsync("?");
        await Expect(page.Page.Locator("#shortcuts-dialog")).ToBeVisibleAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Page.Locator("#shortcuts-dialog")).ToBeHiddenAsync();
    });

    [Fact]
    public Task A_narrow_window_needs_no_sideways_scrolling() => browser.VisitAsync(Address, async page =>
    {
        Assert.Equal(0, await page.OverflowAsync());
        await page.Button("Setup").ClickAsync();
        await Expect(page.Page.Locator("#setup.overlay")).ToBeVisibleAsync();
        Assert.Equal(0, await page.OverflowAsync());
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Page.Locator("#setup.overlay")).ToHaveCountAsync(0);
        await page.SetGreedyAsync();
        await page.TakeExampleAsync("Call a tool");
        await page.AskAsync("What is the weather in Kostenwick?");
        await Expect(page.Last.Locator(".call")).ToBeVisibleAsync();
        Assert.Equal(0, await page.OverflowAsync());
        await page.Button("Conversations").ClickAsync();
        await Expect(page.Page.Locator("#conversations.overlay")).ToBeVisibleAsync();
        Assert.Equal(0, await page.OverflowAsync());
        await page.Button("New chat").ClickAsync();
        await Expect(page.Page.Locator("#conversations.overlay")).ToHaveCountAsync(0);

        // Wide things scroll within themselves.
        await page.SetAsync(("max_tokens", "1"));
        string word = new('w', 300);
        await page.AskAsync(word);
        await page.Action("Edit").ClickAsync();
        await page.Page.GetByLabel("Text of the message").FillAsync($"{word}\n\n```\n{word}\n```\n\n| {word} | b |\n|---|---|\n| 1 | {word} |\n\n`{word}` https://{word}.org");
        await page.Button("Save as a branch").ClickAsync();
        await Expect(page.Last.Locator("table")).ToBeVisibleAsync();
        Assert.Equal(0, await page.OverflowAsync());
    }, new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 360, Height = 720 } });

    [Fact]
    public Task The_theme_is_the_systems_until_another_is_chosen() => browser.VisitAsync(Address, async page =>
    {
        Assert.True(await ContrastAsync() > 7 && await BrightnessAsync() < 64);
        ILocator theme = page.Page.Locator("#theme");
        await Expect(theme).ToHaveTextAsync("Theme: system");
        await theme.ClickAsync();
        await Expect(theme).ToHaveTextAsync("Theme: light");
        Assert.True(await ContrastAsync() > 7 && await BrightnessAsync() > 192);
        await theme.ClickAsync();
        _ = await page.Page.ReloadAsync();
        await Expect(theme).ToHaveTextAsync("Theme: dark");
        Assert.True(await BrightnessAsync() < 64);

        Task<double> BrightnessAsync() => page.Page.EvaluateAsync<double>("() => Math.max(...getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number))");

        // WCAG 2.2's contrast ratio of the page's text to its background.
        Task<double> ContrastAsync() => page.Page.EvaluateAsync<double>("""
            () => {
                const { color, backgroundColor } = getComputedStyle(document.body);
                const luminance = text => text.match(/[\d.]+/g).slice(0, 3).map(value => value / 255).map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
                    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
                const [dark, light] = [luminance(color), luminance(backgroundColor)].sort((a, b) => a - b);
                return (light + 0.05) / (dark + 0.05);
            }
            """);
    }, new BrowserNewContextOptions { ColorScheme = ColorScheme.Dark });

    [Fact]
    public async Task A_server_with_keys_asks_the_browser_for_one_and_the_page_for_none()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeys = ["sesame"] });
        await browser.VisitAsync(server.Address, async page =>
        {
            await page.SetGreedyAsync();
            await page.TakeExampleAsync("Answer from a passage");
            await page.AskAsync();
            await Expect(page.Text).ToContainTextAsync("1931");
            await Expect(page.Page.Locator("#connection")).ToHaveTextAsync("hymba-demo");
            await Expect(page.Page.Locator("#key-dialog")).ToBeHiddenAsync();
        }, Credentials("sesame"));
    }

    [Fact]
    public async Task A_key_that_is_refused_is_asked_for_again()
    {
        await using TestServer server = await TestServer.StartAsync(new ServerOptions { ApiKeys = ["sesame"] });
        await browser.VisitAsync(server.Address, async page =>
        {
            _ = await page.Page.EvaluateAsync("() => localStorage.setItem('hymbasharp.key', 'wrong')");
            _ = await page.Page.ReloadAsync();
            ILocator dialog = page.Page.Locator("#key-dialog");
            await Expect(dialog).ToBeVisibleAsync();
            await page.Button("Cancel").ClickAsync();
            await Expect(page.Page.Locator("#connection")).ToHaveTextAsync("Key needed");

            // Asked without a key, the page asks for it and then asks the model.
            await page.SetGreedyAsync();
            await page.TakeExampleAsync("Answer from a passage");
            await page.Box.PressAsync("Enter");
            await Expect(dialog).ToBeVisibleAsync();
            await page.Page.GetByLabel("Key", new PageGetByLabelOptions { Exact = true }).FillAsync("sesame");
            await page.Button("Save").ClickAsync();
            await Expect(page.Text).ToContainTextAsync("1931");
            await Expect(page.Page.Locator("#connection")).ToHaveTextAsync("hymba-demo");
            Assert.Equal("hymba-demo", page.Sent[^1].GetProperty("model").GetString());
        }, Credentials("sesame"), isRefused: true);
    }

    private static BrowserNewContextOptions Credentials(string key) => new() { HttpCredentials = new HttpCredentials { Username = "any", Password = key } };
}
