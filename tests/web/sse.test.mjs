import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventReader } from '../../src/HymbaSharp.Server/Web/sse.js';

const stream = new TextEncoder().encode(': hello\ndata: {"a":"ü€𝄞"}\n\ndata:two\r\ndata: lines\r\n\r\nevent: x\rdata: [DONE]\r\rdata: unfinished');
const events = ['{"a":"ü€𝄞"}', 'two\nlines', '[DONE]'];

function read(...pieces) {
    const reader = new EventReader();
    return pieces.flatMap(piece => reader.push(piece));
}

test('a stream in one piece gives its whole events', () => {
    assert.deepEqual(read(stream), events);
});

test('a stream cut at any byte gives the same events', () => {
    for (let cut = 0; cut <= stream.length; cut++)
        assert.deepEqual(read(stream.slice(0, cut), stream.slice(cut)), events, `cut at ${cut}`);
});

test('a stream byte by byte gives the same events', () => {
    assert.deepEqual(read(...Array.from(stream, byte => Uint8Array.of(byte))), events);
});

test('a long line in small pieces is read in linear time', () => {
    const line = new TextEncoder().encode(`data: ${'x'.repeat(1_000_000)}\n\n`);
    const pieces = [];
    for (let i = 0; i < line.length; i += 16)
        pieces.push(line.slice(i, i + 16));
    const started = performance.now();
    assert.equal(read(...pieces)[0].length, 1_000_000);
    assert.ok(performance.now() - started < 3000);
});
