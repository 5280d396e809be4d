using System.Text.Json;
using HymbaSharp.Chat;

namespace HymbaSharp.Tests.Chat;

/// <summary>Templates written for these tests in the style of well-known families, with what Jinja's rules make of them.</summary>
public sealed class ChatTemplateFamilyTests
{
    private const string WithHeaders = """
        {{- bos_token }}
        {%- if not date_string is defined %}
            {%- if strftime_now is defined %}
                {%- set date_string = strftime_now("%d %b %Y") %}
            {%- else %}
                {%- set date_string = "26 Jul 2024" %}
            {%- endif %}
        {%- endif %}
        {%- if messages[0]['role'] == 'system' %}
            {%- set system_message = messages[0]['content']|trim %}
            {%- set messages = messages[1:] %}
        {%- else %}
            {%- set system_message = "" %}
        {%- endif %}
        {{- "<|head|>system<|tail|>\n\n" }}
        {{- "Today: " + date_string + "\n" }}
        {%- if tools is not none %}
            {%- for t in tools %}
                {{- t | tojson(indent=4) }}
                {{- "\n" }}
            {%- endfor %}
        {%- endif %}
        {{- system_message }}
        {{- "<|end|>" }}
        {%- for message in messages %}
            {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
                {{- '<|head|>' + message['role'] + '<|tail|>\n\n'+ message['content'] | trim + '<|end|>' }}
            {%- elif 'tool_calls' in message %}
                {%- if not message.tool_calls|length == 1 %}
                    {{- raise_exception("One call at a time, please.") }}
                {%- endif %}
                {%- set call = message.tool_calls[0].function %}
                {{- '<|head|>assistant<|tail|>\n\n{"name": "' + call.name + '", "parameters": ' }}
                {{- call.arguments | tojson }}
                {{- "}<|end|>" }}
            {%- else %}
                {{- "<|head|>result<|tail|>\n\n" }}
                {%- if message.content is mapping or message.content is iterable and message.content is not string %}
                    {{- message.content | tojson }}
                {%- else %}
                    {{- message.content }}
                {%- endif %}
                {{- "<|end|>" }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|head|>assistant<|tail|>\n\n' }}
        {%- endif %}
        """;

    private static readonly JsonElement Tool = Sample.Json("""{"name":"add","parameters":{"a":{"type":"number"},"list":[]}}""");

    [Fact]
    public void Renders_headers_a_date_and_tools()
    {
        string rendered = ChatTemplate.Parse(WithHeaders).Render(new ChatTemplateInput
        {
            Messages =
            [
                new("system", " Be kind. "),
                new("user", "1+2?"),
                new("assistant", "") { Fields = Calls("""[{"function":{"name":"add","arguments":{"a":1,"b":2}}}]""") },
                new("tool", "3"),
                new("tool", "") { Fields = new Dictionary<string, JsonElement> { ["content"] = Sample.Json("[3]") } },
            ],
            Tools = [Tool],
            BosToken = "<|begin|>",
            Clock = new Sample.Clock(),
        });

        Assert.Equal("""
            <|begin|><|head|>system<|tail|>

            Today: 03 Nov 2024
            {
                "name": "add",
                "parameters": {
                    "a": {
                        "type": "number"
                    },
                    "list": []
                }
            }
            Be kind.<|end|><|head|>user<|tail|>

            1+2?<|end|><|head|>assistant<|tail|>

            {"name": "add", "parameters": {"a": 1, "b": 2}}<|end|><|head|>result<|tail|>

            3<|end|><|head|>result<|tail|>

            [3]<|end|><|head|>assistant<|tail|>


            """, rendered);
    }

    [Fact]
    public void Reports_what_a_template_raises_with_its_place()
    {
        ChatTemplateException e = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(WithHeaders).Render(new ChatTemplateInput
        {
            Messages = [new("user", "?"), new("assistant", "") { Fields = Calls("[1, 2]") }],
            BosToken = "",
        }));

        Assert.Equal("One call at a time, please.", e.Reason);
        Assert.Equal((30, 32), (e.Line, e.Column));
        Assert.Contains("line 30", e.Message);
    }

    [Fact]
    public void Renders_a_conversation_with_reasoning_and_steps_of_tools()
    {
        const string Source = """
            {%- if tools %}
                {{- '<|start|>system\n' }}
                {%- if messages[0].role == 'system' %}
                    {{- messages[0].content + '\n\n' }}
                {%- endif %}
                {{- "# Tools\n<tools>" }}
                {%- for tool in tools %}
                    {{- "\n" }}
                    {{- tool | tojson }}
                {%- endfor %}
                {{- "\n</tools><|stop|>\n" }}
            {%- elif messages[0].role == 'system' %}
                {{- '<|start|>system\n' + messages[0].content + '<|stop|>\n' }}
            {%- endif %}
            {%- set ns = namespace(multi_step=true, last_query=messages|length - 1) %}
            {%- for message in messages[::-1] %}
                {%- set index = (messages|length - 1) - loop.index0 %}
                {%- if ns.multi_step and message.role == "user" and not(message.content.startswith('<result>')) %}
                    {%- set ns.multi_step = false %}
                    {%- set ns.last_query = index %}
                {%- endif %}
            {%- endfor %}
            {%- for message in messages %}
                {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
                    {{- '<|start|>' + message.role + '\n' + message.content + '<|stop|>' + '\n' }}
                {%- elif message.role == "assistant" %}
                    {%- set content = message.content %}
                    {%- set thought = '' %}
                    {%- if '</think>' in message.content %}
                        {%- set content = message.content.split('</think>')[-1].lstrip('\n') %}
                        {%- set thought = message.content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                    {%- endif %}
                    {%- if loop.index0 > ns.last_query and (loop.last or thought) %}
                        {{- '<|start|>' + message.role + '\n<think>\n' + thought.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
                    {%- else %}
                        {{- '<|start|>' + message.role + '\n' + content }}
                    {%- endif %}
                    {{- '<|stop|>\n' }}
                {%- elif message.role == "tool" %}
                    {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
                        {{- '<|start|>user' }}
                    {%- endif %}
                    {{- '\n<result>\n' + message.content + '\n</result>' }}
                    {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
                        {{- '<|stop|>\n' }}
                    {%- endif %}
                {%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start|>assistant\n' }}
                {%- if enable_thinking is defined and enable_thinking is false %}
                    {{- '<think>\n\n</think>\n\n' }}
                {%- endif %}
            {%- endif %}
            """;
        string rendered = ChatTemplate.Parse(Source).Render(new ChatTemplateInput
        {
            Messages =
            [
                new("system", "Sys"),
                new("user", "One"),
                new("assistant", "<think>\nold\n</think>\n\nFirst"),
                new("user", "Two"),
                new("assistant", "<think>\nnew\n</think>\n\nCalling"),
                new("tool", "r1"),
                new("tool", "r2"),
            ],
            Tools = [Sample.Json("""{"n":"é<"}""")],
            Variables = new Dictionary<string, JsonElement> { ["enable_thinking"] = Sample.Json("false") },
        });

        Assert.Equal("""
            <|start|>system
            Sys

            # Tools
            <tools>
            {"n": "é<"}
            </tools><|stop|>
            <|start|>user
            One<|stop|>
            <|start|>assistant
            First<|stop|>
            <|start|>user
            Two<|stop|>
            <|start|>assistant
            <think>
            new
            </think>

            Calling<|stop|>
            <|start|>user
            <result>
            r1
            </result>
            <result>
            r2
            </result><|stop|>
            <|start|>assistant
            <think>

            </think>


            """, rendered);
    }

    private const string Alternating = """
        {{ bos_token }}{% for message in messages %}
        {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('Roles must alternate user/assistant/user/assistant/...') }}
        {% endif %}
        {% if message['role'] == 'user' %}
        {{ '[INST] ' + message['content'] + ' [/INST]' }}
        {%- elif message['role'] == 'assistant' %}
        {{ ' ' + message['content'] + eos_token }}
        {%- else %}
        {{ raise_exception('Only user and assistant roles are supported!') }}
        {% endif %}
        {% endfor %}
        """;

    [Fact]
    public void Renders_alternating_turns()
    {
        string rendered = ChatTemplate.Parse(Alternating).Render(new ChatTemplateInput
        {
            Messages = [new("user", "a"), new("assistant", "b"), new("user", "c")],
            BosToken = "<s>",
            EosToken = "</s>",
        });

        // The newline after a variable stays, the one after a block goes; the branch of the assistant starts where '-%}' cut.
        Assert.Equal("<s>[INST] a [/INST] b</s>[INST] c [/INST]", rendered);
    }

    [Theory]
    [InlineData("assistant")]
    [InlineData("system")]
    public void Refuses_turns_that_do_not_alternate(string first)
    {
        ChatTemplateException e = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(Alternating).Render(
            new ChatTemplateInput { Messages = [new(first, "x")], BosToken = "", EosToken = "" }));

        Assert.Equal("Roles must alternate user/assistant/user/assistant/...", e.Reason);
        Assert.Equal(3, e.Line);
    }

    [Fact]
    public void Renders_a_family_that_renames_the_assistant_and_takes_parts()
    {
        const string Source = """
            {%- if messages[0]['role'] == 'system' -%}
                {%- set first = messages[0]['content'] + '\n\n' -%}
                {%- set loop_messages = messages[1:] -%}
            {%- else -%}
                {%- set first = "" -%}
                {%- set loop_messages = messages -%}
            {%- endif -%}
            {%- for message in loop_messages -%}
                {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
                {{ '<turn>' + role + '\n' + (first if loop.first else "") }}
                {%- if message['content'] is string -%}
                    {{ message['content'] | trim }}
                {%- elif message['content'] is iterable -%}
                    {%- for item in message['content'] -%}
                        {%- if item['type'] == 'image' -%}
                            {{ '<image>' }}
                        {%- elif item['type'] == 'text' -%}
                            {{ item['text'] | trim }}
                        {%- endif -%}
                    {%- endfor -%}
                {%- else -%}
                    {{ raise_exception("Invalid content type") }}
                {%- endif -%}
                {% generation %}{{ '<end>\n' }}{% endgeneration %}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{ '<turn>model\n' }}{%- endif -%}
            """;
        Dictionary<string, JsonElement> parts = new() { ["content"] = Sample.Json("""[{"type":"image"},{"type":"text","text":" what? "}]""") };
        string rendered = ChatTemplate.Parse(Source).Render(new ChatTemplateInput
        {
            Messages = [new("system", "S"), new("user", " hi "), new("assistant", "yo"), new("user", "") { Fields = parts }],
            AddGenerationPrompt = true,
        });

        Assert.Equal("<turn>user\nS\n\nhi<end>\n<turn>model\nyo<end>\n<turn>user\n<image>what?<end>\n<turn>model\n", rendered);
    }

    private static Dictionary<string, JsonElement> Calls(string json) => new() { ["tool_calls"] = Sample.Json(json) };
}
