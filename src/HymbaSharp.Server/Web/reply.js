// Pieces that arrive together tell nothing of the speed at which they were made.
const shortestSpan = 10;

/** Puts the chunks of a streamed completion into a message, and measures their arrival. Times are in milliseconds. */
export class Reply {
    #node;
    #started;
    #first = null;
    #last = null;
    #pieces = 0;
    #calls = new Map();

    constructor(node, started) {
        this.#node = node;
        this.#started = started;
    }

    /** The text that the chunk added. */
    add(chunk, now) {
        const node = this.#node;
        if (chunk.model)
            node.model = chunk.model;
        if (chunk.usage)
            node.usage = readUsage(chunk.usage);
        const choice = chunk.choices?.[0];
        const text = choice?.delta?.content ?? '';
        const calls = choice?.delta?.tool_calls ?? [];
        if (text !== '' || calls.length > 0) {
            this.#first ??= now;
            this.#last = now;
            this.#pieces++;
        }
        node.text += text;
        for (const call of calls)
            this.#addCall(call);
        if (choice?.finish_reason)
            node.finish = choice.finish_reason;
        this.#measure(chunk.usage?.completion_tokens ?? this.#pieces);
        return text;
    }

    #addCall(piece) {
        const index = piece.index ?? 0;
        if (!this.#calls.has(index)) {
            const begun = { id: '', name: '', arguments: '' };
            this.#calls.set(index, begun);
            (this.#node.calls ??= []).push(begun);
        }
        const call = this.#calls.get(index);
        call.id ||= piece.id ?? '';
        call.name += piece.function?.name ?? '';
        call.arguments += piece.function?.arguments ?? '';
    }

    /** Until the usage is told, each piece counts as a token. The first one's time is the prompt's. */
    #measure(tokens) {
        if (this.#first === null)
            return;
        const timing = { firstSeconds: (this.#first - this.#started) / 1000 };
        if (tokens > 1 && this.#last - this.#first >= shortestSpan)
            timing.tokensPerSecond = (tokens - 1) / ((this.#last - this.#first) / 1000);
        this.#node.timing = timing;
    }
}

function readUsage({ prompt_tokens: prompt, completion_tokens: completion, prompt_tokens_details: details }) {
    const usage = { prompt, completion };
    if (Number.isFinite(details?.cached_tokens))
        usage.cached = details.cached_tokens;
    return usage;
}
