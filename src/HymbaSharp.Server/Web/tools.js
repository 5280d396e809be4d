import { describeJsonError } from './json.js';

export const exampleTools = `[
  {
    "type": "function",
    "function": {
      "name": "get_weather",
      "description": "Get the weather of a city.",
      "parameters": {
        "type": "object",
        "properties": {
          "city": { "type": "string" }
        },
        "required": ["city"]
      }
    }
  }
]`;

/** Tool definitions from the text of a person: {tools} to send, none for no text, or {error} in words. */
export function readTools(text) {
    if (text.trim() === '')
        return { tools: [] };
    let tools;
    try {
        tools = JSON.parse(text);
    } catch {
        return { error: describeJsonError(text) };
    }
    if (!Array.isArray(tools))
        return { error: 'The definitions must be a list: [ … ].' };
    const names = new Set();
    for (const [i, tool] of tools.entries()) {
        const error = toolError(tool, names);
        if (error)
            return { error: `Tool ${i + 1}: ${error}` };
    }
    return { tools };
}

function toolError(tool, names) {
    if (!isObject(tool))
        return 'must be an object.';
    if (tool.type !== 'function')
        return '"type" must be "function".';
    if (!isObject(tool.function))
        return '"function" must be an object with "name", "description" and "parameters".';
    const { name, description, parameters } = tool.function;
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
        return '"name" must be 1 to 64 letters, digits, - and _.';
    if (names.has(name))
        return `the name "${name}" is taken by another tool.`;
    names.add(name);
    if (description !== undefined && typeof description !== 'string')
        return '"description" must be a text.';
    if (parameters !== undefined && !isObject(parameters))
        return '"parameters" must be a JSON schema, an object.';
    if (parameters?.type !== undefined && parameters.type !== 'object')
        return '"parameters" must be a schema of type "object".';
    if (parameters?.properties !== undefined && !isObject(parameters.properties))
        return '"properties" must be an object.';
    return null;
}

function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
