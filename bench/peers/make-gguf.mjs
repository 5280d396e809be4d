// Writes a Llama-architecture GGUF of random weights with about the parameters of Hymba-1.5B (1.52 · 10⁹):
//   node make-gguf.mjs q8_0|q4_0|f16 FILE
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3).
import { closeSync, openSync, writeSync } from 'node:fs';

const shape = { hidden: 2048, inner: 5632, layers: 33, heads: 32, keyValueHeads: 4, vocabulary: 32000, context: 8704 };
const types = { f16: { id: 1, block: 1, bytes: 2 }, q8_0: { id: 8, block: 32, bytes: 34 }, q4_0: { id: 2, block: 32, bytes: 18 } };
const fileTypes = { f16: 1, q8_0: 7, q4_0: 2 };
const alignment = 32;

const [kind, path] = process.argv.slice(2);
if (!types[kind] || !path)
    throw new Error('usage: node make-gguf.mjs q8_0|q4_0|f16 FILE');

const parts = [];
const u32 = value => { const b = Buffer.alloc(4); b.writeUInt32LE(value); parts.push(b); };
const i32 = value => { const b = Buffer.alloc(4); b.writeInt32LE(value); parts.push(b); };
const u64 = value => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(value)); parts.push(b); };
const f32 = value => { const b = Buffer.alloc(4); b.writeFloatLE(value); parts.push(b); };
const text = value => { const b = Buffer.from(value); u64(b.length); parts.push(b); };

const values = {
    string: value => { u32(8); text(value); },
    uint: value => { u32(4); u32(value); },
    float: value => { u32(6); f32(value); },
    strings: list => { u32(9); u32(8); u64(list.length); list.forEach(text); },
    floats: list => { u32(9); u32(6); u64(list.length); list.forEach(f32); },
    ints: list => { u32(9); u32(5); u64(list.length); list.forEach(i32); },
};

// 0 <unk>, 1 <s>, 2 </s>, 3–258 the bytes, then made-up words.
const tokens = Array.from({ length: shape.vocabulary }, (_, i) =>
    i < 3 ? ['<unk>', '<s>', '</s>'][i] : i < 259 ? `<0x${(i - 3).toString(16).toUpperCase().padStart(2, '0')}>` : `▁w${i}`);

const metadata = [
    ['general.architecture', 'string', 'llama'],
    ['general.name', 'string', 'random'],
    ['general.file_type', 'uint', fileTypes[kind]],
    ['llama.context_length', 'uint', shape.context],
    ['llama.embedding_length', 'uint', shape.hidden],
    ['llama.block_count', 'uint', shape.layers],
    ['llama.feed_forward_length', 'uint', shape.inner],
    ['llama.attention.head_count', 'uint', shape.heads],
    ['llama.attention.head_count_kv', 'uint', shape.keyValueHeads],
    ['llama.attention.layer_norm_rms_epsilon', 'float', 1e-5],
    ['llama.rope.dimension_count', 'uint', shape.hidden / shape.heads],
    ['llama.vocab_size', 'uint', shape.vocabulary],
    ['tokenizer.ggml.model', 'string', 'llama'],
    ['tokenizer.ggml.tokens', 'strings', tokens],
    ['tokenizer.ggml.scores', 'floats', tokens.map((_, i) => -i)],
    ['tokenizer.ggml.token_type', 'ints', tokens.map((_, i) => i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1)],
    ['tokenizer.ggml.bos_token_id', 'uint', 1],
    ['tokenizer.ggml.eos_token_id', 'uint', 2],
];

const keyValueWidth = shape.hidden / shape.heads * shape.keyValueHeads;
const tensors = [['token_embd.weight', [shape.hidden, shape.vocabulary], kind], ['output_norm.weight', [shape.hidden], 'norm']];
for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}.`;
    tensors.push(
        [`${block}attn_norm.weight`, [shape.hidden], 'norm'],
        [`${block}attn_q.weight`, [shape.hidden, shape.hidden], kind],
        [`${block}attn_k.weight`, [shape.hidden, keyValueWidth], kind],
        [`${block}attn_v.weight`, [shape.hidden, keyValueWidth], kind],
        [`${block}attn_output.weight`, [shape.hidden, shape.hidden], kind],
        [`${block}ffn_norm.weight`, [shape.hidden], 'norm'],
        [`${block}ffn_gate.weight`, [shape.hidden, shape.inner], kind],
        [`${block}ffn_up.weight`, [shape.hidden, shape.inner], kind],
        [`${block}ffn_down.weight`, [shape.inner, shape.hidden], kind]);
}
const elements = dimensions => dimensions.reduce((a, b) => a * b, 1);
const size = ([, dimensions, type]) => type === 'norm' ? 4 * elements(dimensions) : elements(dimensions) / types[type].block * types[type].bytes;
const padded = bytes => Math.ceil(bytes / alignment) * alignment;

parts.push(Buffer.from('GGUF'));
u32(3);
u64(tensors.length);
u64(metadata.length);
for (const [key, type, value] of metadata) {
    text(key);
    values[type](value);
}
let offset = 0;
for (const tensor of tensors) {
    text(tensor[0]);
    u32(tensor[1].length);
    tensor[1].forEach(u64);
    u32(tensor[2] === 'norm' ? 0 : types[tensor[2]].id);
    u64(offset);
    offset += padded(size(tensor));
}
const header = Buffer.concat(parts);
const file = openSync(path, 'w');
writeSync(file, header);
writeSync(file, Buffer.alloc(padded(header.length) - header.length));

// xorshift32: what the weights are does not matter, that they are no constant does.
let state = 1;
const next = () => { state ^= state << 13; state ^= state >>> 17; state ^= state << 5; return state >>> 0; };
const halfScale = 0x0c00; // 2⁻¹² as an IEEE half: with quants of up to 127 the weights stay near 0.02
for (const tensor of tensors) {
    const [, dimensions, type] = tensor;
    const bytes = Buffer.alloc(padded(size(tensor)));
    if (type === 'norm') {
        for (let i = 0; i < elements(dimensions); i++)
            bytes.writeFloatLE(1, 4 * i);
    } else if (type === 'f16') {
        for (let i = 0; i + 1 < bytes.length; i += 2)
            bytes.writeUInt16LE((next() & 0x83ff) | 0x2000, i);
    } else {
        for (let i = 0; i + 3 < bytes.length; i += 4)
            bytes.writeUInt32LE(next(), i);
        for (let i = 0; i + types[type].bytes <= size(tensor); i += types[type].bytes)
            bytes.writeUInt16LE(type === 'q4_0' ? halfScale + 0x1000 : halfScale, i);
    }
    writeSync(file, bytes);
}
closeSync(file);
const parameters = tensors.reduce((sum, [, dimensions]) => sum + elements(dimensions), 0);
console.error(`${path}: ${(parameters / 1e9).toFixed(2)} · 10⁹ parameters, ${(offset / 1e6).toFixed(0)} MB`);
