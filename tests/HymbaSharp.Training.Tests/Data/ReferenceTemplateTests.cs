using System.Text.Json;
using System.Text.Json.Nodes;
using HymbaSharp.Chat;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Data;

namespace HymbaSharp.Training.Tests.Data;

/// <summary>The published tokenizer and template, and conversations made from the published cases.</summary>
public sealed class ReferenceTemplateTests : IDisposable
{
    private static readonly string[] Replies = ["Hello!", "  two\nlines  ", "\n- a list", "> quoted", "User", "Zürich 🙂 界", "1", "<toolcall> {\"name\": \"f\", \"arguments\": {}} </toolcall>", "    indented code\n    more"];

    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Prompts_and_whole_conversations_have_the_ids_of_inference()
    {
        string folder = DataFixture.Shared("reference", "hymba-1.5b");
        Tokenizer tokenizer = Tokenizer.Load(folder);
        ChatTemplate template = ChatTemplate.Parse(tokenizer.ChatTemplate!);
        JsonNode[] cases = [.. JsonNode.Parse(File.ReadAllText(DataFixture.Shared("reference", "tokenizer", "chat_cases.json")))!.AsArray().Select(one => one!)];
        cases = [.. cases.Where(one => one["add_generation_prompt"]!.GetValue<bool>())];
        List<string> lines = [];
        foreach (JsonNode one in cases)
        {
            foreach (string reply in Replies)
            {
                JsonArray messages = one["messages"]!.DeepClone().AsArray();
                messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = reply });
                messages.Add(new JsonObject { ["role"] = "user", ["content"] = "and then?" });
                messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = reply });
                JsonObject line = new() { ["messages"] = messages };
                foreach (string key in (string[])["tools", "contexts"])
                {
                    if (one[key] is { } value)
                        line[key] = value.DeepClone();
                }
                lines.Add(line.ToJsonString());
            }
        }

        TrainingSet<TrainingExample> set = ExampleSet.Open(DataFixture.Options(_data.Write("a.jsonl", [.. lines])), tokenizer, template);

        Assert.Equal(cases.Length * Replies.Length, set.Count);
        for (int i = 0; i < set.Count; i++)
        {
            TrainingExample example = set[i];
            JsonNode one = cases[i / Replies.Length];
            string reply = Replies[i % Replies.Length].Trim();
            bool isChangedByNeutralising = one["name"]!.GetValue<string>() == "injection";
            int[] published = [.. one["ids"]!.AsArray().Select(id => id!.GetValue<int>())];
            if (!isChangedByNeutralising)
                Assert.Equal(published, example.Tokens[..published.Length]);

            ChatTemplateInput input = Input(JsonElement.Parse(lines[i]));
            int count = input.Messages.Count;
            Assert.Equal([.. tokenizer.Encode(template.Render(input with { AddGenerationPrompt = false })), tokenizer.EosId!.Value], example.Tokens);
            int[] first = tokenizer.Encode(template.Render(input with { Messages = [.. input.Messages.Take(count - 3)] }));
            int[] second = tokenizer.Encode(template.Render(input with { Messages = [.. input.Messages.Take(count - 1)] }));
            Assert.Equal(first, example.Tokens[..first.Length]);
            Assert.Equal(second, example.Tokens[..second.Length]);

            // The first turn ends with the marker of the next, the last one with EOS; the case's own assistant turns precede both.
            int[] learned = [.. example.Learned.Index().Where(mark => mark.Item).Select(mark => mark.Index)];
            int[] ofFirst = [.. learned.Where(at => at >= first.Length && at < second.Length)], ofSecond = [.. learned.Where(at => at >= second.Length)];
            Assert.Equal(Enumerable.Range(first.Length, ofFirst.Length), ofFirst);
            Assert.Equal(Enumerable.Range(second.Length, example.Tokens.Length - second.Length), ofSecond);
            Assert.Equal(reply + "\n<extra_id_1>", tokenizer.Decode(example.Tokens.AsSpan(first.Length, ofFirst.Length), continuesText: true));
            Assert.Equal(reply + "\n</s>", tokenizer.Decode(example.Tokens.AsSpan(second.Length), continuesText: true));
        }
    }

    private static ChatTemplateInput Input(JsonElement line) => new()
    {
        Messages = [.. line.GetProperty("messages").EnumerateArray().Select(message => new ChatMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))],
        Tools = line.TryGetProperty("tools", out JsonElement tools) ? [.. tools.EnumerateArray()] : null,
        Contexts = line.TryGetProperty("contexts", out JsonElement contexts) ? [.. contexts.EnumerateArray().Select(text => text.GetString()!)] : null,
    };
}
