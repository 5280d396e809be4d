import assert from 'node:assert/strict';
import { test } from 'node:test';
import './crypto.mjs';
import { Conversation, ConversationFormatError, exportText, importText } from '../../src/HymbaSharp.Server/Web/conversation.js';

function talk(...texts) {
    const conversation = new Conversation();
    texts.forEach((text, i) => conversation.add(conversation.last?.id ?? null, { role: i % 2 === 0 ? 'user' : 'assistant', text }));
    return conversation;
}

const texts = conversation => conversation.path().map(node => node.text);

test('messages follow each other', () => {
    const conversation = talk('a', 'b', 'c');
    assert.deepEqual(texts(conversation), ['a', 'b', 'c']);
    assert.deepEqual(conversation.path(conversation.path()[1].id).map(node => node.text), ['a', 'b']);
    assert.equal(conversation.name, 'a');
});

test('a sibling begins a branch, and each branch keeps what follows it', () => {
    const conversation = talk('a', 'b', 'c');
    const [a, b] = conversation.path();
    const other = conversation.add(a.id, { role: 'assistant', text: 'b2' });
    conversation.add(other.id, { role: 'user', text: 'c2' });
    assert.deepEqual(texts(conversation), ['a', 'b2', 'c2']);
    assert.deepEqual(conversation.siblings(other.id), { ids: [b.id, other.id], index: 1 });

    conversation.step(other.id, -1);
    assert.deepEqual(texts(conversation), ['a', 'b', 'c']);
    assert.equal(conversation.step(b.id, -1).id, b.id);
    conversation.step(b.id, 1);
    assert.deepEqual(texts(conversation), ['a', 'b2', 'c2']);
});

test('the first message can have siblings too', () => {
    const conversation = talk('a', 'b');
    conversation.add(null, { role: 'user', text: 'a2' });
    assert.deepEqual(texts(conversation), ['a2']);
    conversation.step(conversation.path()[0].id, -1);
    assert.deepEqual(texts(conversation), ['a', 'b']);
});

test('what is removed can be put back', () => {
    const conversation = talk('a', 'b', 'c');
    const [a, b] = conversation.path();
    conversation.add(a.id, { role: 'assistant', text: 'b2' });
    conversation.step(conversation.last.id, -1);
    const before = JSON.stringify({ ...conversation.toJSON(), updated: 0 });

    const removed = conversation.remove(b.id);
    assert.deepEqual(texts(conversation), ['a', 'b2']);
    conversation.restore(removed);
    assert.equal(JSON.stringify({ ...conversation.toJSON(), updated: 0 }), before);
});

test('nothing is put back where what it answers is gone', () => {
    const conversation = talk('a', 'b', 'c');
    const [a, , c] = conversation.path();
    const removed = conversation.remove(c.id);
    conversation.remove(a.id);
    conversation.restore(removed);
    assert.ok(conversation.isEmpty);
});

test('an export brings everything back under a new id', () => {
    const conversation = talk('a', 'b');
    Object.assign(conversation, { title: 'T', system: 's', contexts: ['x'], tools: '[', draft: 'd', sampling: { temperature: '0', stop: 'a\nb' } });
    const call = conversation.add(conversation.last.id, { role: 'assistant', calls: [{ id: '1', name: 'f', arguments: '{}' }], usage: { prompt: 3, completion: 4, cached: 2 }, timing: { firstSeconds: 1 }, finish: 'tool_calls', model: 'm' });
    conversation.add(call.id, { role: 'tool', results: [{ id: '1', name: 'f', text: 'r' }] });
    conversation.add(conversation.last.id, { role: 'assistant', state: 'failed', error: { message: 'm', type: 't', status: 429, retryAt: 5 } });
    conversation.add(call.parent, { role: 'assistant', text: 'other' });

    const [copy] = importText(exportText([conversation]));
    assert.notEqual(copy.id, conversation.id);
    assert.deepEqual({ ...copy.toJSON(), id: 0 }, { ...conversation.toJSON(), id: 0 });
});

test('a reply that was still arriving is lost for whoever reads it later', () => {
    const conversation = talk('a');
    conversation.add(conversation.last.id, { role: 'assistant', state: 'streaming', text: 'half' });
    const copy = Conversation.fromJSON(JSON.parse(JSON.stringify(conversation)));
    assert.equal(copy.last.state, 'lost');
    assert.equal(copy.last.text, 'half');
});

test('long conversations are read and written without recursion', () => {
    const conversation = new Conversation();
    let parent = null;
    for (let i = 0; i < 20_000; i++)
        parent = conversation.add(parent, { role: 'user', text: 'x' }).id;
    assert.equal(importText(exportText([conversation]))[0].path().length, 20_000);
});

const file = conversation => JSON.stringify({ format: 'hymbasharp-chat', version: 1, conversations: [conversation] });
const message = { id: 'a', parent: null, role: 'user', text: 'x' };

for (const [what, text, expected] of [
    ['no JSON', '{"format": }', /line 1, column 12/],
    ['another format', '{"format":"x"}', /"format" must be/],
    ['a later version', '{"format":"hymbasharp-chat","version":2}', /version 2/],
    ['no conversation', '{"format":"hymbasharp-chat","version":1,"conversations":[]}', /no conversation/],
    ['a wrong role', file({ messages: [{ ...message, role: 'system' }] }), /Conversation 1: the role of message 1 must be one of user/],
    ['a text that is none', file({ messages: [{ ...message, text: 5 }] }), /text of message 1 must be a text/],
    ['an id with markup', file({ messages: [{ ...message, id: '<b>' }] }), /id of message 1/],
    ['an id twice', file({ messages: [message, message] }), /message 2 has the id of another/],
    ['a circle', file({ messages: [{ ...message, parent: 'b' }, { ...message, id: 'b', parent: 'a' }] }), /message 1 follows a message that is not before it: b/],
    ['a tool without results', file({ messages: [{ ...message, role: 'tool' }] }), /must have results/],
    ['broken calls', file({ messages: [{ ...message, role: 'assistant', calls: [{ id: 1 }] }] }), /"id" in the calls of message 1/],
    ['a wrong setting', file({ sampling: { top_p: '2' } }), /top_p: must be a number from 0 to 1/],
    ['contexts that are none', file({ contexts: 'x' }), /contexts must be a list/],
    ['messages in no list', file({ messages: {} }), /messages must be a list/],
    ['a list for a conversation', file([]), /must be an object/],
]) {
    test(`an import with ${what} is refused with the reason`, () => {
        assert.throws(() => importText(text), error => error instanceof ConversationFormatError && expected.test(error.message));
    });
}

test('an import cannot reach prototypes or keep unknown fields', () => {
    const text = file({ evil: 1, messages: [{ ...message, id: '__proto__', evil: 1 }, { ...message, id: 'constructor', parent: '__proto__' }] });
    const [conversation] = importText(text);
    assert.equal(conversation.path().length, 2);
    assert.equal({}.text, undefined);
    assert.ok(!JSON.stringify(conversation).includes('evil'));
});
