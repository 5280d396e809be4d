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

test('where JSON breaks is told, and what must stand there', () => {
    for (const [text, expected] of [
        ['[\n  {"a": 1,}\n]', 'line 2, column 11 has "}" where a name in double quotes must be.'],
        ['[1 2]', 'line 1, column 4 has "2" where "," or a closing bracket must be.'],
        ['{"a" 1}', 'line 1, column 6 has "1" where ":" must be.'],
        ['[', 'line 1, column 2 has the end of the text where a value or "]" must be.'],
        ['', 'line 1, column 1 has the end of the text where a value must be.'],
        ["['a']", 'line 1, column 2 has "\'" where a value or "]" must be.'],
        ['[01]', 'line 1, column 2 has "0" where a value or "]" must be.'],
        ['["a\nb"]', 'line 1, column 2 has """ where a value or "]" must be.'],
        ['{a: 1}', 'line 1, column 2 has "a" where a name in double quotes or "}" must be.'],
        ['[1],', 'line 1, column 4 has "," where the end must be.'],
        ['[1}', 'line 1, column 3 has "}" where "," or a closing bracket must be.'],
        ['[1,]', 'line 1, column 4 has "]" where a value must be.'],
        ['tru', 'line 1, column 1 has "t" where a value must be.'],
        ['{"a":1,"b"}', 'line 1, column 11 has "}" where ":" must be.'],
    ]) {
        assert.throws(() => JSON.parse(text));
        assert.equal(describeJsonError(text), `This is not JSON: ${expected}`, text);
    }
});
