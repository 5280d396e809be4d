import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeJsonError } from '../../src/HymbaSharp.Server/Web/json.js';
import { samplingFields, samplingRequest } from '../../src/HymbaSharp.Server/Web/sampling.js';
import { exampleTools, readTools } from '../../src/HymbaSharp.Server/Web/tools.js';

test('untouched settings send the defaults that are shown', () => {
    assert.deepEqual(samplingRequest({}), {
        temperature: 0.8, top_k: 40, top_p: 0.95, min_p: 0.05, repeat_penalty: 1, presence_penalty: 0, frequency_penalty: 0,
    });
});

test('settings are sent as typed', () => {
    const request = samplingRequest({ temperature: '0', top_k: '1', max_tokens: '20', seed: '7', stop: 'END\n\\n\\n\n' });
    assert.deepEqual([request.temperature, request.top_k, request.max_tokens, request.seed, request.stop], [0, 1, 20, 7, ['END', '\n\n']]);
});

test('values out of range are refused with what is allowed', () => {
    const field = name => samplingFields.find(other => other.name === name);
    for (const [name, text] of [['temperature', '-1'], ['temperature', 'hot'], ['top_p', '1.1'], ['top_k', '1.5'], ['seed', '1e30'], ['max_tokens', '0'], ['presence_penalty', '3'], ['temperature', 'NaN']])
        assert.match(field(name).read(text).error, /^must be/, `${name} ${text}`);
});

test('the example of tools is valid', () => {
    assert.equal(readTools(exampleTools).tools[0].function.name, 'get_weather');
    assert.deepEqual(readTools(' \n'), { tools: [] });
});

test('wrong definitions of tools are named', () => {
    const tool = fields => JSON.stringify([{ type: 'function', function: { name: 'f', ...fields } }]);
    for (const [text, expected] of [
        ['{}', /must be a list/],
        ['[1]', /Tool 1: must be an object/],
        ['[{}]', /Tool 1: "type" must be "function"/],
        ['[{"type":"function"}]', /"function" must be an object/],
        [tool({ name: 'a b' }), /"name" must be 1 to 64/],
        [tool({ description: 1 }), /"description"/],
        [tool({ parameters: [] }), /"parameters"/],
        [tool({ parameters: { type: 'string' } }), /type "object"/],
        [tool({}).replace(']', `,${tool({}).slice(1)}`), /Tool 2: the name "f" is taken/],
    ])
        assert.match(readTools(text).error, expected, text);
});

test('the place where JSON breaks is told', () => {
    for (const [text, line, column, found] of [
        ['[\n  {"a": 1,}\n]', 2, 11, '"}"'],
        ['[1 2]', 1, 4, '"2"'],
        ['{"a" 1}', 1, 6, '"1"'],
        ['[', 1, 2, 'the end'],
        ['', 1, 1, 'the end'],
        ["['a']", 1, 2, '"\'"'],
        ['[01]', 1, 2, '"0"'],
        ['["a\nb"]', 1, 2, '"""'],
        ['{a: 1}', 1, 2, '"a"'],
        ['[1],', 1, 4, '","'],
        ['[1}', 1, 3, '"}"'],
        ['tru', 1, 1, '"t"'],
        ['{"a":1,"b"}', 1, 11, '"}"'],
    ]) {
        assert.throws(() => JSON.parse(text));
        assert.ok(describeJsonError(text).includes(`line ${line}, column ${column} has ${found}`), `${text}: ${describeJsonError(text)}`);
    }
});
