using System.Text.Json;
using Microsoft.Playwright;
using static HymbaSharp.Server.Tests.Web.ChatPage;

namespace HymbaSharp.Server.Tests.Web;

/// <summary>Conversations in the browser with the demonstration model.</summary>
[Collection(BrowserCollection.Name)]
public sealed class WebChatTests(BrowserFixture browser, ServerFixture fixture)
{
    private Task VisitAsync(Func<ChatPage, Task> visit) => browser.VisitAsync(fixture.Server.Address, visit);

    [Fact]
    public Task A_passage_is_asked_about() => VisitAsync(async page =>
    {
        await page.SetGreedyAsync();
        await page.TakeExampleAsync("Answer from a passage");
        await Expect(page.Box).ToHaveValueAsync("When was Mira Quell born?");
        await Expect(page.Box).ToBeFocusedAsync();
        await Expect(page.Button("1 context")).ToBeVisibleAsync();
        await page.AskAsync();
        await Expect(page.Messages).ToHaveCountAsync(2);
        await Expect(page.Text).ToContainTextAsync("1931");
        await Expect(page.Last.Locator(".meta")).ToContainTextAsync("tokens");
        await Expect(page.Totals).ToContainTextAsync("tokens in this conversation");
        await Expect(page.Box).ToHaveValueAsync("");
        Assert.Contains("Tallow", Assert.Single(page.Sent).GetProperty("contexts")[0].GetString(), StringComparison.Ordinal);
    });

    [Fact]
    public Task A_tool_call_is_answered_by_the_person() => VisitAsync(async page =>
    {
        await page.SetGreedyAsync();
        await page.TakeExampleAsync("Call a tool");
        await page.AskAsync("What is the weather in Kostenwick?");
        ILocator call = page.Last.Locator(".call");
        await Expect(call).ToContainTextAsync("Call of get_weather");
        await Expect(call.Locator("pre")).ToContainTextAsync("Kostenwick");
        // What is asked now would leave the call unanswered.
        await page.Box.FillAsync("And now?");
        await page.Box.PressAsync("Enter");
        await Expect(page.Last.GetByLabel("Result of get_weather")).ToBeFocusedAsync();
        await page.Last.GetByLabel("Result of get_weather").FillAsync("""{"weather": "ready"}""");
        await page.Button("Send the result").ClickAsync();
        await page.EndedAsync(2);
        await Expect(page.Messages).ToHaveCountAsync(4);
        await Expect(page.Text).ToContainTextAsync("The weather is ready.");
        JsonElement result = page.Sent[1].GetProperty("messages")[2];
        Assert.Equal(("tool", page.Sent[1].GetProperty("messages")[1].GetProperty("tool_calls")[0].GetProperty("id").GetString()), (result.GetProperty("role").GetString(), result.GetProperty("tool_call_id").GetString()));
    });

    [Fact]
    public Task A_reply_streams_is_stopped_and_goes_on() => VisitAsync(async page =>
    {
        await page.SetEndlessAsync();
        await page.Box.FillAsync("What are you?");
        await page.Box.PressAsync("Enter");
        await Expect(page.Stop).ToBeVisibleAsync();
        await Expect(page.Text).ToHaveTextAsync(new System.Text.RegularExpressions.Regex(".{20}"));
        await page.Stop.ClickAsync();
        await page.EndedAsync(1);
        await Expect(page.Last.Locator(".card")).ToContainTextAsync("Stopped.");
        await TestServer.UntilAsync(() => fixture.Server.Engine.Status.Running == 0);

        await page.SetAsync(("max_tokens", "5"));
        await page.Action("Continue").ClickAsync();
        await page.EndedAsync(2);
        await Expect(page.Messages).ToHaveCountAsync(2);
        JsonElement request = page.Sent[1];
        Assert.True(request.GetProperty("continue_final_message").GetBoolean());
        Assert.Equal("assistant", request.GetProperty("messages")[1].GetProperty("role").GetString());
        await Expect(page.Last.Locator(".card")).ToContainTextAsync("The reply reached the most tokens.");
    });

    [Fact]
    public Task A_reply_that_was_cut_off_goes_on_as_if_it_had_not_been() => VisitAsync(async page =>
    {
        await page.SetGreedyAsync();
        await page.TakeExampleAsync("Answer from a passage");
        await page.AskAsync();
        string whole = await page.Text.InnerTextAsync();
        await page.SetAsync(("max_tokens", "3"));
        await page.Action("Regenerate").ClickAsync();
        await page.EndedAsync(2);
        await Expect(page.Last.Locator(".branches")).ToHaveTextAsync("2/2");
        Assert.StartsWith(await page.Text.InnerTextAsync(), whole, StringComparison.Ordinal);
        await page.SetAsync(("max_tokens", ""));
        await page.Action("Continue").ClickAsync();
        await page.EndedAsync(3);
        await Expect(page.Text).ToHaveTextAsync(whole);
        await Expect(page.Last.Locator(".card")).ToHaveCountAsync(0);
    });

    [Fact]
    public Task Turns_are_edited_into_branches_and_the_cache_makes_it_cheap() => VisitAsync(async page =>
    {
        await page.SetGreedyAsync();
        await page.TakeExampleAsync("Answer from a passage");
        await page.AskAsync();
        await page.AskAsync("Where was Mira Quell born?");
        await Expect(page.Text).ToContainTextAsync("Tallow");

        ILocator question = page.Messages.Nth(2);
        await page.Action("Edit", question).ClickAsync();
        await question.GetByLabel("Text of the message").FillAsync("How many bees does Mira Quell keep?");
        await page.Button("Send as a branch").ClickAsync();
        await page.EndedAsync(3);
        await Expect(page.Messages).ToHaveCountAsync(4);
        await Expect(page.Text).ToContainTextAsync("12");
        await Expect(question.Locator(".branches")).ToHaveTextAsync("2/2");
        await Expect(page.Totals).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("[1-9][0-9]* of the last prompt’s [1-9][0-9]* from the cache"));

        await page.Action("Branch before", question).ClickAsync();
        await Expect(question.Locator(".body")).ToHaveTextAsync("Where was Mira Quell born?");
        await Expect(question.Locator(".branches")).ToHaveTextAsync("1/2");
        await Expect(page.Text).ToContainTextAsync("Tallow");
        await page.Action("Branch after", question).ClickAsync();
        await Expect(page.Text).ToContainTextAsync("12");
        Assert.Equal(3, page.Sent.Count);
    });

    [Fact]
    public Task Settings_go_with_every_request() => VisitAsync(async page =>
    {
        await page.SetAsync(("temperature", "0.25"), ("top_k", "7"), ("top_p", "0.5"), ("min_p", "0.125"), ("repeat_penalty", "1.5"),
            ("presence_penalty", "0.5"), ("frequency_penalty", "-0.5"), ("max_tokens", "4"), ("seed", "11"), ("stop", "xyz\nq\\nr"));
        await page.Page.Locator("#system-prompt").FillAsync("You are a baker.");
        await page.AskAsync("What are you?");
        JsonElement sent = page.Sent[0];
        Assert.Equal("You are a baker.", sent.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal([0.25, 7, 0.5, 0.125, 1.5, 0.5, -0.5, 4, 11], new[] { "temperature", "top_k", "top_p", "min_p", "repeat_penalty", "presence_penalty", "frequency_penalty", "max_tokens", "seed" }.Select(name => sent.GetProperty(name).GetDouble()));
        Assert.Equal(["xyz", "q\nr"], sent.GetProperty("stop").EnumerateArray().Select(text => text.GetString()));
        // What is out of its range is said, and nothing is sent.
        await page.SetAsync(("top_p", "2"));
        await page.Box.FillAsync("And now?");
        await page.Box.PressAsync("Enter");
        await Expect(page.Page.Locator("#sampling-top_p")).ToBeFocusedAsync();
        await Expect(page.Page.Locator("#sampling-top_p-error")).ToHaveTextAsync("Top p must be a number from 0 to 1.");
        await Expect(page.Page.Locator("#sampling-top_p-error")).ToBeInViewportAsync(new LocatorAssertionsToBeInViewportOptions { Ratio = 1 });
        _ = Assert.Single(page.Sent);
    });

    [Fact]
    public Task Conversations_are_kept_exported_and_imported() => VisitAsync(async page =>
    {
        await page.SetGreedyAsync();
        await page.TakeExampleAsync("Answer from a passage");
        await page.AskAsync();
        string reply = await page.Text.InnerTextAsync();
        _ = await page.Page.ReloadAsync();
        await Expect(page.Text).ToHaveTextAsync(reply);

        IDownload download = await page.Page.RunAndWaitForDownloadAsync(() => page.Button("Export all").ClickAsync());
        string exported = await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        ILocator kept = page.Page.Locator("#conversation-list li");
        await page.Button("Delete When was Mira Quell born?").ClickAsync();
        await Expect(kept).ToHaveCountAsync(0);
        await Expect(page.Page.Locator(".welcome")).ToBeVisibleAsync();
        await page.Page.Locator("#import-file").SetInputFilesAsync(new FilePayload { Name = "chats.json", MimeType = "application/json", Buffer = System.Text.Encoding.UTF8.GetBytes(exported) });
        await Expect(kept).ToHaveCountAsync(1);
        await Expect(page.Text).ToHaveTextAsync(reply);
        await Expect(page.Button("1 context")).ToBeVisibleAsync();

        await page.Page.Locator("#import-file").SetInputFilesAsync(new FilePayload { Name = "other.json", MimeType = "application/json", Buffer = "{}"u8.ToArray() });
        await Expect(page.Page.Locator(".notice.error")).ToContainTextAsync("other.json was not imported.");
        await Expect(kept).ToHaveCountAsync(1);
    });
}
