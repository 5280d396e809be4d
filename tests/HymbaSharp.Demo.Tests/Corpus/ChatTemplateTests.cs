using System.Text.Json;
using HymbaSharp.Chat;

namespace HymbaSharp.Demo.Tests.Corpus;

public sealed class ChatTemplateTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    [Fact]
    public void The_published_template_renders_every_conversation_with_all_its_texts()
    {
        string path = TestData.Shared("reference", "hymba-1.5b", "tokenizer_config.json");
        ChatTemplate template = ChatTemplate.Parse(JsonElement.Parse(File.ReadAllText(path)).GetProperty("chat_template").GetString()!);
        foreach (JsonElement line in corpus.Read("sft"))
        {
            ChatMessage[] messages = SmallCorpus.Messages(line);
            JsonElement[] tools = SmallCorpus.Tools(line);
            string[] contexts = SmallCorpus.Contexts(line);
            string text = template.Render(new ChatTemplateInput
            {
                Messages = messages,
                Tools = tools.Length > 0 ? tools : null,
                Contexts = contexts.Length > 0 ? contexts : null,
                AddGenerationPrompt = false,
            });
            Assert.All(messages, message => Assert.Contains(message.Content, text, StringComparison.Ordinal));
            Assert.All(contexts, context => Assert.Contains($"<context> {context} </context>", text, StringComparison.Ordinal));
            Assert.All(tools, tool => Assert.Contains($"\"name\": \"{tool.GetProperty("function").GetProperty("name").GetString()}\"", text, StringComparison.Ordinal));
        }
    }
}
