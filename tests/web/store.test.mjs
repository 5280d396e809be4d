import assert from 'node:assert/strict';
import { test } from 'node:test';
import './crypto.mjs';
import { Announcer } from '../../src/HymbaSharp.Server/Web/announcer.js';
import { Conversation } from '../../src/HymbaSharp.Server/Web/conversation.js';
import { Store } from '../../src/HymbaSharp.Server/Web/store.js';

/** A storage like the browser's, with room for so many characters. */
function storage(room = Infinity) {
    const entries = new Map();
    return {
        get length() { return entries.size; },
        key: i => [...entries.keys()][i],
        getItem: name => entries.get(name) ?? null,
        removeItem: name => entries.delete(name),
        setItem(name, value) {
            if (value.length > room)
                throw new Error('full');
            entries.set(name, value);
        },
    };
}

function talk(text) {
    const conversation = new Conversation();
    conversation.add(null, { role: 'user', text });
    return conversation;
}

test('conversations come back, the newest first, beside entries of others', () => {
    const kept = storage();
    kept.setItem('other', '{');
    const store = new Store(kept, () => { });
    const [a, b] = [talk('a'), talk('b')];
    a.updated = 1;
    b.updated = 2;
    store.save(a);
    store.save(b);
    store.key = 'secret';
    assert.deepEqual(new Store(kept, () => { }).load().conversations.map(conversation => conversation.name), ['b', 'a']);
    store.remove(b);
    assert.deepEqual(store.load().conversations.map(conversation => conversation.name), ['a']);
    assert.equal(store.key, 'secret');
});

test('what cannot be read is counted and left', () => {
    const kept = storage();
    kept.setItem('hymbasharp.conversation.x', '{"messages":5}');
    assert.deepEqual(new Store(kept, () => { }).load(), { conversations: [], unreadable: 1 });
    assert.equal(kept.getItem('hymbasharp.conversation.x'), '{"messages":5}');
});

test('a full storage is reported, and again when there is room', () => {
    const reports = [];
    const store = new Store(storage(1000), error => reports.push(error?.message ?? null));
    const long = talk('x'.repeat(2000));
    store.save(long);
    store.save(talk('x'));
    assert.deepEqual(reports, ['full']);
    assert.ok(store.hasUnsaved);
    long.remove(long.last.id);
    store.save(long);
    assert.deepEqual(reports, ['full', null]);
    assert.ok(!store.hasUnsaved);
});

test('without a storage the key and preferences last as long as the page', () => {
    const store = new Store(null, () => { });
    store.key = 'secret';
    store.setPreference('a', 'b');
    assert.deepEqual([store.key, store.preference('a'), store.preference('c'), store.load().conversations], ['secret', 'b', null, []]);
});

test('a change by another page is told apart from other entries', () => {
    const conversation = talk('a');
    assert.equal(Store.readChange(`hymbasharp.conversation.${conversation.id}`, JSON.stringify(conversation)).conversation.name, 'a');
    assert.deepEqual(Store.readChange('hymbasharp.conversation.x', null), { id: 'x', conversation: null });
    assert.equal(Store.readChange('hymbasharp.conversation.x', '{'), null);
    assert.equal(Store.readChange('hymbasharp.key', 'a'), null);
    assert.equal(Store.readChange(null, null), null);
});

test('a reply is read out by whole sentences, with pauses', context => {
    const due = [];
    context.mock.method(globalThis, 'setTimeout', run => due.push(run));
    const said = [];
    const announcer = new Announcer(text => said.push(text));
    for (const piece of ['One. Two', '. Th', 'ree'])
        announcer.add(piece);
    assert.deepEqual(said, []);
    assert.equal(due.length, 1);
    due.pop()();
    assert.deepEqual(said, ['One. Two.']);
    announcer.end('End of the reply.');
    assert.deepEqual(said[1], 'Three End of the reply.');
    assert.equal(due.length, 0);
});
