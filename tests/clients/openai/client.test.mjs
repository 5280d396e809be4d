// The official openai client, unchanged, against a server whose address is in HYMBASHARP_URL and which needs no key;
// HYMBASHARP_KEYED_URL is one that needs the key "sesame".
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { makeParseableResponseFormat } from 'openai/lib/parser';

const model = 'hymba-demo';
const client = open(process.env.HYMBASHARP_URL);
const ask = content => ({ model, messages: [{ role: 'user', content }], temperature: 0 });

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { type: 'function', function: { name: 'get_weather', description: 'Get the weather in a city.', parameters } };
const question = ask('What is the weather in Kostenwick?');

function open(url, apiKey = 'none') {
    return new OpenAI({ baseURL: new URL('v1', url).href, apiKey, maxRetries: 0 });
}

/** What the server says it computes just now. */
async function running() {
    return (await (await fetch(new URL('props', process.env.HYMBASHARP_URL))).json()).running;
}

test('a chat is answered', async () => {
    const reply = await client.chat.completions.create(ask('What are you?'));
    assert.match(reply.choices[0].message.content, /hymba-demo/);
    assert.deepEqual([reply.object, reply.choices[0].finish_reason, reply.choices[0].message.role], ['chat.completion', 'stop', 'assistant']);
    assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
});

test('several replies, the most tokens, stop texts', async () => {
    const several = await client.chat.completions.create({ ...ask('What are you?'), n: 3, temperature: 1, seed: 1 });
    assert.deepEqual(several.choices.map(choice => choice.index), [0, 1, 2]);
    const cut = await client.chat.completions.create({ ...ask('What are you?'), max_completion_tokens: 2 });
    assert.deepEqual([cut.choices[0].finish_reason, cut.usage.completion_tokens], ['length', 2]);
    const stopped = await client.chat.completions.create({ ...ask('What are you?'), stop: ['demo'] });
    assert.equal(stopped.choices[0].finish_reason, 'stop');
    assert.match(stopped.choices[0].message.content, /hymba-$/);
});

test('a stream says the same in pieces', async () => {
    const whole = await client.chat.completions.create(ask('What are you?'));
    let text = '';
    const reasons = [];
    let usage = null;
    for await (const chunk of await client.chat.completions.create({ ...ask('What are you?'), stream: true, stream_options: { include_usage: true } })) {
        text += chunk.choices[0]?.delta.content ?? '';
        reasons.push(chunk.choices[0]?.finish_reason);
        usage = chunk.usage ?? usage;
    }
    assert.equal(text, whole.choices[0].message.content);
    assert.deepEqual(reasons.filter(Boolean), ['stop']);
    assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
});

test('the stream helper puts the pieces together', async () => {
    const whole = await client.chat.completions.create(ask('What are you?'));
    const pieces = [];
    const stream = client.chat.completions.stream({ ...ask('What are you?'), stream_options: { include_usage: true } }).on('content', piece => pieces.push(piece));
    assert.equal(await stream.finalContent(), whole.choices[0].message.content);
    assert.equal(pieces.join(''), whole.choices[0].message.content);
    assert.equal((await stream.totalUsage()).total_tokens, whole.usage.total_tokens);
});

test('a tool is called, and its result answered from', async () => {
    const { choices: [{ message, finish_reason: reason }] } = await client.chat.completions.create({ ...question, tools: [weather] });
    assert.equal(reason, 'tool_calls');
    const [call] = message.tool_calls;
    assert.deepEqual([call.type, call.function.name, JSON.parse(call.function.arguments)], ['function', 'get_weather', { city: 'Kostenwick' }]);
    const answer = await client.chat.completions.create({
        ...question, tools: [weather], messages: [...question.messages, message, { role: 'tool', tool_call_id: call.id, content: '{"weather": "ready"}' }],
    });
    assert.equal(answer.choices[0].message.content, 'The weather is ready.');
});

test('the stream helper reads calls', async () => {
    const stream = client.chat.completions.stream({ ...question, tools: [weather] });
    const done = [];
    stream.on('tool_calls.function.arguments.done', call => done.push(call));
    const { choices: [{ message, finish_reason: reason }] } = await stream.finalChatCompletion();
    assert.equal(reason, 'tool_calls');
    assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city: 'Kostenwick' });
    assert.deepEqual(done.map(call => call.name), ['get_weather']);
});

for (const stream of [false, true]) {
    test(`runTools calls functions by itself, ${stream ? 'streaming' : 'whole'}`, async () => {
        const asked = [];
        const getWeather = ({ city }) => {
            asked.push(city);
            return { weather: 'ready' };
        };
        const runner = client.chat.completions.runTools({ ...question, stream, tools: [{ type: 'function', function: { ...weather.function, function: getWeather, parse: JSON.parse } }] });
        assert.equal(await runner.finalContent(), 'The weather is ready.');
        assert.deepEqual(asked, ['Kostenwick']);
        assert.deepEqual(runner.messages.map(message => message.role), ['user', 'assistant', 'tool', 'assistant']);
    });
}

const birth = {
    type: 'object',
    properties: { town: { type: 'string', enum: ['Tallow', 'Bern'] }, year: { type: 'integer' } },
    required: ['town', 'year'],
    additionalProperties: false,
};
const asked = { ...ask('Mira Quell was born in Tallow in 1931. Where and when was Mira Quell born?'), max_tokens: 100 };

test('a reply has the form of a schema, and is parsed', async () => {
    const format = { type: 'json_schema', json_schema: { name: 'birth', strict: true, schema: birth } };
    const { choices: [{ message, finish_reason: reason }] } = await client.chat.completions.parse({ ...asked, response_format: makeParseableResponseFormat(format, JSON.parse) });
    assert.equal(reason, 'stop');
    assert.deepEqual(Object.keys(message.parsed), ['town', 'year']);
    assert.ok(birth.properties.town.enum.includes(message.parsed.town) && Number.isInteger(message.parsed.year));
    const stream = client.chat.completions.stream({ ...asked, response_format: format });
    assert.deepEqual(JSON.parse(await stream.finalContent()), message.parsed);
});

test('a reply is any JSON object', async () => {
    const { choices: [{ message, finish_reason: reason }] } = await client.chat.completions.create({ ...asked, response_format: { type: 'json_object' } });
    // An object may be longer than the most tokens.
    if (reason === 'stop')
        assert.equal(typeof JSON.parse(message.content), 'object');
    else
        assert.match(message.content, /^\s*\{/);
});

test('a call is required, of any tool or of one', async () => {
    const now = { type: 'function', function: { name: 'now', description: 'Get the time.', parameters: { type: 'object', properties: {}, additionalProperties: false } } };
    for (const [choice, name] of [['required', /^(get_weather|now)$/], [{ type: 'function', function: { name: 'now' } }, /^now$/]]) {
        const { choices: [{ message }] } = await client.chat.completions.create({ ...ask('What are you?'), max_tokens: 100, tools: [weather, now], tool_choice: choice });
        assert.match(message.tool_calls[0].function.name, name);
        assert.equal(typeof JSON.parse(message.tool_calls[0].function.arguments), 'object');
    }
});

test('no tool is called where none is allowed', async () => {
    const reply = await client.chat.completions.create({ ...question, tools: [weather], tool_choice: 'none' });
    assert.equal(reply.choices[0].message.tool_calls, undefined);
});

test('log-probabilities are read', async () => {
    const reply = await client.chat.completions.create({ ...ask('What are you?'), logprobs: true, top_logprobs: 2 });
    const { content } = reply.choices[0].logprobs;
    assert.equal(content.length, reply.usage.completion_tokens);
    for (const { token, logprob, top_logprobs: top } of content) {
        assert.equal(top.length, 2);
        // At temperature 0 the most probable token is taken.
        assert.deepEqual([top[0].token, top[0].logprob], [token, logprob]);
        assert.ok(logprob <= 0 && top[1].logprob <= logprob);
    }
});

test('errors have their types', async () => {
    await assert.rejects(client.chat.completions.create({ ...ask('x'), model: 'gpt-5' }), error => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found' && error.param === 'model');
    await assert.rejects(client.chat.completions.create({ ...ask('x'), temperature: -1 }), error => error instanceof OpenAI.BadRequestError && error.type === 'invalid_request_error' && /temperature/i.test(error.message));
    await assert.rejects(client.chat.completions.create({ ...ask('x'), messages: [], stream: true }), error => error instanceof OpenAI.BadRequestError && error.param === 'messages');
    await assert.rejects(client.models.retrieve('gpt-5'), OpenAI.NotFoundError);
    const keyed = process.env.HYMBASHARP_KEYED_URL;
    await assert.rejects(open(keyed, 'wrong').chat.completions.create(ask('x')), error => error instanceof OpenAI.AuthenticationError && error.code === 'invalid_api_key');
    assert.match((await open(keyed, 'sesame').chat.completions.create(ask('What are you?'))).choices[0].message.content, /hymba-demo/);
});

test('what is aborted frees its place', async () => {
    const endless = { ...ask('What are you?'), ignore_eos: true, max_tokens: 1900, n: 8 };
    const stream = await client.chat.completions.create({ ...endless, stream: true });
    for await (const chunk of stream) {
        if (chunk.choices[0].delta.content)
            break;
    }
    await freed();
    const controller = new AbortController();
    const whole = client.chat.completions.create(endless, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(whole, OpenAI.APIUserAbortError);
    await freed();

    // A place that were not given back would be taken for as long as 15 200 tokens need.
    async function freed() {
        const until = Date.now() + 5000;
        while (await running() > 0) {
            assert.ok(Date.now() < until, 'the reply is still computed');
            await new Promise(resolve => setTimeout(resolve, 10));
        }
    }
});

test('texts are embedded', async () => {
    const { data, usage } = await client.embeddings.create({ model, input: ['The bees', 'The bees', 'Tallow'] });
    assert.deepEqual(data.map(entry => entry.index), [0, 1, 2]);
    assert.deepEqual(data[0].embedding, data[1].embedding);
    assert.notDeepEqual(data[0].embedding, data[2].embedding);
    assert.ok(usage.prompt_tokens > 3);
    // Unless told otherwise the client asks for base64, and decodes it.
    const plain = await client.embeddings.create({ model, input: 'The bees', encoding_format: 'float' });
    assert.deepEqual([...data[0].embedding], plain.data[0].embedding.map(Math.fround));
});

test('models are listed', async () => {
    const names = [];
    for await (const entry of client.models.list())
        names.push(entry.id);
    assert.deepEqual(names, [model]);
    assert.equal((await client.models.retrieve(model)).object, 'model');
});

test('texts are completed, with the log-probabilities of the prompt', async () => {
    const prompt = 'Mira Quell lives in Tallow.';
    const { choices: [{ text, logprobs }], usage } = await client.completions.create({ model, prompt, max_tokens: 2, temperature: 0, echo: true, logprobs: 1 });
    assert.ok(text.startsWith(prompt));
    assert.equal(logprobs.tokens.length, usage.prompt_tokens + usage.completion_tokens);
    assert.equal(logprobs.token_logprobs[0], null);
    assert.ok(logprobs.token_logprobs.slice(1).every(value => value <= 0));
    let streamed = '';
    for await (const chunk of await client.completions.create({ model, prompt, max_tokens: 2, temperature: 0, echo: true, stream: true }))
        streamed += chunk.choices[0]?.text ?? '';
    assert.equal(streamed, text);
});
