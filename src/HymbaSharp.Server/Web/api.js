import { EventReader } from './sse.js';

/** A request that failed. `status` is 0 where no answer came, and `lost` tells of an answer that broke off. */
export class ApiError extends Error {
    constructor(message, { status = 0, lost = false, retryAfter = null, type, param, code } = {}) {
        super(message);
        Object.assign(this, { status, lost, retryAfter, type, param, code });
    }
}

/** The names of the models, the first one being the standard. */
export async function listModels(key) {
    const response = await send('v1/models', { headers: headers(key) });
    const { data } = await response.json();
    return data.map(model => model.id);
}

/** The chunks of a streamed chat completion. Ends after [DONE], or throws ApiError. */
export async function* streamChat(body, { key, signal }) {
    const response = await send('v1/chat/completions', {
        method: 'POST',
        headers: { ...headers(key), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal,
    });
    const type = response.headers.get('Content-Type') ?? 'nothing';
    if (!type.startsWith('text/event-stream'))
        throw new ApiError(`The server answered with ${type} where a stream of events was expected.`);

    const reader = response.body.getReader();
    const events = new EventReader();
    while (true) {
        const { done, value } = await readOrLose(reader, signal);
        if (done)
            throw lost();
        for (const data of events.push(value)) {
            if (data === '[DONE]')
                return;
            const chunk = parseChunk(data);
            if (chunk.error)
                throw errorFrom(chunk.error, 0);
            yield chunk;
        }
    }
}

function headers(key) {
    return key ? { Authorization: `Bearer ${key}` } : {};
}

async function send(path, options) {
    let response;
    try {
        response = await fetch(new URL(path, document.baseURI), options);
    } catch (error) {
        throw error.name === 'AbortError' ? error : new ApiError('The server can’t be reached.');
    }
    if (response.ok)
        return response;
    const body = await response.json().catch(() => null);
    const retryAfter = readRetryAfter(response.headers.get('Retry-After'));
    throw errorFrom(body?.error ?? {}, response.status, retryAfter);
}

async function readOrLose(reader, signal) {
    try {
        return await reader.read();
    } catch (error) {
        throw signal?.aborted ? error : lost();
    }
}

function lost() {
    return new ApiError('The connection was lost before the reply ended.', { lost: true });
}

function parseChunk(data) {
    try {
        return JSON.parse(data);
    } catch {
        throw new ApiError('The server sent something that is not JSON.', { lost: true });
    }
}

function errorFrom(error, status, retryAfter = null) {
    const message = typeof error.message === 'string' ? error.message : `The server answered with status ${status}.`;
    const text = value => typeof value === 'string' ? value : undefined;
    return new ApiError(message, { status, retryAfter, type: text(error.type), param: text(error.param), code: text(error.code) });
}

/** Seconds, from a number of them or a date. */
export function readRetryAfter(header, now = Date.now()) {
    if (header === null)
        return null;
    const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
    return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}
