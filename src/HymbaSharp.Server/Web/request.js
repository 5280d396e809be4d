import { samplingRequest } from './sampling.js';

/**
 * The body of a chat completion for a path of messages. Where the last message is an assistant's, the reply goes on from its text.
 * `tools` are read definitions.
 */
export function chatRequest(conversation, path, { model, tools }) {
    const request = {
        model,
        messages: requestMessages(conversation.system, path),
        stream: true,
        stream_options: { include_usage: true },
        ...samplingRequest(conversation.sampling),
    };
    const contexts = conversation.contexts.filter(text => text.trim() !== '');
    if (contexts.length > 0)
        request.contexts = contexts;
    if (tools.length > 0)
        request.tools = tools;
    if (path.at(-1)?.role === 'assistant')
        Object.assign(request, { continue_final_message: true, add_generation_prompt: false });
    return request;
}

function requestMessages(system, path) {
    const messages = [];
    if (system.trim() !== '')
        messages.push({ role: 'system', content: system });
    for (const node of path) {
        if (node.role === 'user') {
            messages.push({ role: 'user', content: node.text });
        } else if (node.role === 'tool') {
            messages.push(...node.results.map(({ id, text }) => ({ role: 'tool', tool_call_id: id, content: text })));
        } else {
            const calls = wholeCalls(node).map(({ id, name, arguments: text }) => ({ id, type: 'function', function: { name, arguments: text || '{}' } }));
            if (calls.length > 0)
                messages.push({ role: 'assistant', content: node.text || null, tool_calls: calls });
            else if (node.text !== '')
                messages.push({ role: 'assistant', content: node.text });
        }
    }
    return messages;
}

/** The calls of a reply that arrived whole: one that was cut can be neither answered nor sent back. */
export function wholeCalls(node) {
    return (node.calls ?? []).filter(call => {
        try {
            return call.arguments === '' ? node.state === 'done' : typeof JSON.parse(call.arguments) === 'object';
        } catch {
            return false;
        }
    });
}
