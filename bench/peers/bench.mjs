// Measures llama.cpp (node-llama-cpp with its prebuilt binary) and HymbaSharp in turn, round after round:
//   node bench.mjs --gguf FILE --hymba "hymba bench -m FOLDER" [--threads 2] [--rounds 5] [--prompt 512] [--generate 32]
// A prompt of random tokens, then single tokens after it; medians of the rounds, and every sample as JSON with --json.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { getLlama } from 'node-llama-cpp';

const options = { threads: os.availableParallelism(), rounds: 5, prompt: 512, generate: 32 };
for (let i = 2; i < process.argv.length; i++) {
    const name = process.argv[i].replace(/^--/, '');
    options[name] = name === 'json' ? true : typeof options[name] === 'number' ? Number(process.argv[++i]) : process.argv[++i];
}
if (!options.gguf || !options.hymba)
    throw new Error('usage: node bench.mjs --gguf FILE --hymba COMMAND [--threads N] [--rounds N] [--prompt N] [--generate N] [--json]');

const llama = await getLlama({ gpu: false, maxThreads: options.threads, logLevel: 'error' });
const model = await llama.loadModel({ modelPath: options.gguf });
const tokens = count => Array.from({ length: count }, (_, i) => 259 + (i * 7919) % 31000);
const seconds = start => Number(process.hrtime.bigint() - start) / 1e9;

async function measurePeer() {
    const context = await model.createContext({ contextSize: options.prompt + options.generate + 8, batchSize: 512, threads: options.threads });
    const sequence = context.getSequence();
    let start = process.hrtime.bigint();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens(options.prompt));
    const prompt = options.prompt / seconds(start);
    await sequence.evaluateWithoutGeneratingNewTokens(tokens(2));
    start = process.hrtime.bigint();
    for (const token of tokens(options.generate))
        await sequence.evaluateWithoutGeneratingNewTokens([token]);
    const decode = options.generate / seconds(start);
    await context.dispose();
    return { prompt, decode };
}

function measureOurs() {
    const [command, ...args] = options.hymba.split(' ');
    const output = execFileSync(command, [...args, '-p', `${options.prompt}`, '-n', `${options.generate}`, '-d', '0', '-r', '1', '-t', `${options.threads}`, '--json'], { encoding: 'utf8', maxBuffer: 1 << 24 });
    const report = JSON.parse(output);
    const result = kind => report.results.find(entry => entry.test === kind);
    return {
        prompt: result('prompt').tokens_per_second, decode: result('decode').tokens_per_second,
        peak: result('prompt').machine_per_second, bandwidth: result('decode').machine_per_second,
    };
}

const median = list => { const sorted = [...list].sort((a, b) => a - b); return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2; };
const samples = { llamaCpp: [], hymbaSharp: [] };
await measurePeer();
for (let round = 0; round < options.rounds; round++) {
    samples.llamaCpp.push(await measurePeer());
    samples.hymbaSharp.push(measureOurs());
}
const result = { cpu: os.cpus()[0].model, threads: options.threads, llamaCpp: llama.llamaCppRelease ?? null, samples, medians: {} };
for (const [name, list] of Object.entries(samples)) {
    result.medians[name] = Object.fromEntries(Object.keys(list[0]).map(key => [key, median(list.map(sample => sample[key]))]));
    if (!options.json)
        console.log(`${name.padEnd(11)} prompt ${options.prompt}: ${result.medians[name].prompt.toFixed(1)} tokens/s, decode: ${result.medians[name].decode.toFixed(1)} tokens/s`);
}
if (options.json)
    console.log(JSON.stringify(result, null, 2));
await llama.dispose();
