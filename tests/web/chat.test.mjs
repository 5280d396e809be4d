import assert from 'node:assert/strict';
import { test } from 'node:test';
import './crypto.mjs';
import { ApiError, readRetryAfter, streamChat } from '../../src/HymbaSharp.Server/Web/api.js';
import { Chat } from '../../src/HymbaSharp.Server/Web/chat.js';
import { Conversation } from '../../src/HymbaSharp.Server/Web/conversation.js';

const text = content => ({ choices: [{ delta: { content } }] });
const finish = reason => ({ choices: [{ delta: {}, finish_reason: reason }] });
const calls = (...tool_calls) => ({ choices: [{ delta: { tool_calls } }] });

/** A chat whose server gives these replies in turn: lists of chunks, where an error is thrown, and a function runs first. */
function chatWith(...replies) {
    const requests = [];
    let clock = 0;
    const chat = new Chat({
        async* stream(body, signal) {
            requests.push(structuredClone(body));
            for (const item of replies.shift()) {
                if (typeof item === 'function')
                    item();
                signal.throwIfAborted();
                if (item instanceof Error)
                    throw item;
                if (typeof item === 'object')
                    yield item;
            }
        },
        settings: () => ({ model: 'm', tools: [] }),
        save() { },
        changed() { },
        now: () => clock += 100,
    });
    return { chat, requests, conversation: new Conversation() };
}

const last = conversation => conversation.last;
const lost = () => new ApiError('lost', { lost: true });

test('a reply streams into the conversation, with its counts and times', async () => {
    const { chat, requests, conversation } = chatWith([
        text('Hel'), text('lo'), finish('stop'), { choices: [], usage: { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } } },
    ]);
    Object.assign(conversation, { system: 'Be brief.', contexts: ['passage', ' '] });
    await chat.send(conversation, 'Hi');

    assert.deepEqual(requests[0].messages, [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }]);
    assert.deepEqual([requests[0].model, requests[0].stream, requests[0].stream_options, requests[0].contexts, requests[0].tools], ['m', true, { include_usage: true }, ['passage'], undefined]);
    const node = last(conversation);
    assert.deepEqual([node.text, node.state, node.finish, node.usage], ['Hello', 'done', 'stop', { prompt: 9, completion: 2, cached: 4 }]);
    assert.ok(node.timing.firstSeconds > 0 && node.timing.tokensPerSecond > 0);
    assert.ok(!chat.isRunning(conversation));
});

test('regenerating and editing make siblings', async () => {
    const { chat, requests, conversation } = chatWith([text('one')], [text('two')], [text('three')]);
    await chat.send(conversation, 'Hi');
    await chat.regenerate(conversation, last(conversation).id);
    assert.deepEqual(conversation.siblings(last(conversation).id).ids.length, 2);

    chat.edit(conversation, last(conversation).id, 'mine');
    assert.deepEqual([last(conversation).text, last(conversation).state, conversation.siblings(last(conversation).id).index], ['mine', 'edited', 2]);

    await chat.edit(conversation, conversation.path()[0].id, 'Hello');
    assert.deepEqual(conversation.path().map(node => node.text), ['Hello', 'three']);
    assert.deepEqual(requests[2].messages, [{ role: 'user', content: 'Hello' }]);
});

test('calls arrive in pieces, are answered, and the model goes on', async () => {
    const { chat, requests, conversation } = chatWith([
        calls({ index: 0, id: 'c1', function: { name: 'get_weather', arguments: '{"ci' } }), calls({ index: 0, function: { arguments: 'ty":"Bern"}' } }),
        calls({ index: 1, id: 'c2', function: { name: 'now', arguments: '' } }), finish('tool_calls'),
    ], [text('Sunny.')], [text('Rain.')]);
    await chat.send(conversation, 'Weather?');
    const call = last(conversation);
    assert.deepEqual(call.calls, [{ id: 'c1', name: 'get_weather', arguments: '{"city":"Bern"}' }, { id: 'c2', name: 'now', arguments: '' }]);

    await chat.answer(conversation, call.id, [{ id: 'c1', name: 'get_weather', text: 'sun' }, { id: 'c2', name: 'now', text: '' }]);
    assert.deepEqual(requests[1].messages.slice(1), [
        { role: 'assistant', content: null, tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Bern"}' } },
            { id: 'c2', type: 'function', function: { name: 'now', arguments: '{}' } },
        ] },
        { role: 'tool', tool_call_id: 'c1', content: 'sun' },
        { role: 'tool', tool_call_id: 'c2', content: '' },
    ]);
    assert.equal(last(conversation).text, 'Sunny.');

    await chat.answer(conversation, call.id, [{ id: 'c1', name: 'get_weather', text: 'rain' }, { id: 'c2', name: 'now', text: '' }]);
    assert.equal(last(conversation).text, 'Rain.');
    assert.equal(conversation.siblings(conversation.path()[2].id).ids.length, 2);
});

test('stopping keeps the text, and a call that was cut is not sent back', async () => {
    const { chat, requests, conversation } = chatWith([
        text('Let me see. '), calls({ index: 0, id: 'c', function: { name: 'f', arguments: '{"a' } }), () => chat.stop(conversation),
    ], [text('ok')]);
    await chat.send(conversation, 'Hi');
    assert.deepEqual([last(conversation).state, last(conversation).text], ['stopped', 'Let me see. ']);
    await chat.send(conversation, 'Go on');
    assert.deepEqual(requests[1].messages.map(message => message.content), ['Hi', 'Let me see. ', 'Go on']);
    assert.equal(requests[1].messages[1].tool_calls, undefined);
});

test('a lost connection keeps the text, which can be continued or retried', async () => {
    const { chat, requests, conversation } = chatWith([text('Once upon'), lost()], [text(' a time.'), finish('stop')], [text('Anew.')]);
    await chat.send(conversation, 'Tell');
    const node = last(conversation);
    assert.deepEqual([node.state, node.text, node.error.message], ['lost', 'Once upon', 'lost']);

    await chat.continue(conversation, node.id);
    assert.deepEqual([node.state, node.text, node.error], ['done', 'Once upon a time.', undefined]);
    assert.deepEqual(requests[1].messages.at(-1), { role: 'assistant', content: 'Once upon' });
    assert.deepEqual([requests[1].continue_final_message, requests[1].add_generation_prompt], [true, false]);

    await chat.regenerate(conversation, node.id);
    assert.deepEqual([last(conversation).text, conversation.siblings(node.id).ids.length], ['Anew.', 2]);
});

test('a connection lost after the last word is no loss', async () => {
    const { chat, conversation } = chatWith([text('Done.'), finish('stop'), lost()]);
    await chat.send(conversation, 'Hi');
    assert.equal(last(conversation).state, 'done');
});

test('a refused request is shown and retried in its place', async () => {
    const refusal = new ApiError('Busy.', { status: 429, retryAfter: 3, type: 'rate_limit', code: 'busy' });
    const { chat, conversation } = chatWith([refusal], [text('Hello')]);
    await chat.send(conversation, 'Hi');
    const { error, id, state } = last(conversation);
    assert.deepEqual([state, error.message, error.status, error.type, error.code], ['failed', 'Busy.', 429, 'rate_limit', 'busy']);
    assert.ok(Math.abs(error.retryAt - Date.now() - 3000) < 1000);
    await chat.regenerate(conversation, id);
    assert.deepEqual([last(conversation).id, last(conversation).text, last(conversation).error], [id, 'Hello', undefined]);
});

test('a reply that was removed while it arrived stays removed', async () => {
    const { chat, conversation } = chatWith([text('a'), () => chat.remove(conversation, last(conversation).id), text('b')]);
    await chat.send(conversation, 'Hi');
    assert.deepEqual(conversation.path().map(node => node.text), ['Hi']);
    assert.ok(!chat.isRunning(conversation));
});

/** What streamChat gives for one answer of a server. */
async function streamed(response) {
    globalThis.document = { baseURI: 'https://x.org/prefix/' };
    const sent = [];
    globalThis.fetch = async (url, options) => {
        sent.push({ url: String(url), options });
        return response;
    };
    const chunks = [];
    let error = null;
    try {
        for await (const chunk of streamChat({}, { key: 'secret' }))
            chunks.push(chunk);
    } catch (thrown) {
        error = thrown;
    }
    return { sent, chunks, error };
}

const events = body => new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });

test('requests go below the page\'s own address, with the key', async () => {
    const { sent, chunks, error } = await streamed(events('data: {"a":1}\n\ndata: [DONE]\n\n'));
    assert.equal(sent[0].url, 'https://x.org/prefix/v1/chat/completions');
    assert.equal(sent[0].options.headers.Authorization, 'Bearer secret');
    assert.deepEqual([chunks, error], [[{ a: 1 }], null]);
});

test('each way a stream can fail is told apart', async () => {
    assert.ok((await streamed(events('data: {"a":1}\n\n'))).error.lost);
    assert.ok((await streamed(events('data: {"a\n\n'))).error.lost);
    const inStream = await streamed(events('data: {"a":1}\n\ndata: {"error":{"message":"Broke.","type":"server_error","param":null,"code":"c"}}\n\n'));
    assert.deepEqual([inStream.chunks.length, inStream.error.message, inStream.error.type, inStream.error.param, inStream.error.code, inStream.error.lost], [1, 'Broke.', 'server_error', undefined, 'c', false]);
    const limited = await streamed(new Response('{"error":{"message":"Wait."}}', { status: 429, headers: { 'Retry-After': '7' } }));
    assert.deepEqual([limited.error.status, limited.error.retryAfter, limited.error.message], [429, 7, 'Wait.']);
    assert.match((await streamed(new Response('<h1>Bad gateway</h1>', { status: 502 }))).error.message, /status 502/);
    assert.match((await streamed(new Response('{}', { headers: { 'Content-Type': 'application/json' } }))).error.message, /application\/json where a stream/);
});

test('Retry-After is a number of seconds or a date', () => {
    assert.equal(readRetryAfter('12'), 12);
    assert.equal(readRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 2500), 8);
    assert.equal(readRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 99_000), 0);
    assert.equal(readRetryAfter('soon'), null);
    assert.equal(readRetryAfter(null), null);
});
