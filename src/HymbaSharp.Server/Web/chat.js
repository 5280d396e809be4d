import { chatRequest } from './request.js';
import { Reply } from './reply.js';

const saveInterval = 1000;

/**
 * What can be done with a conversation: each action changes its tree and, where the model is to speak, streams the reply into it.
 * One reply at a time for each conversation. `changed(conversation, node, text)` is called for every change; text only while a reply arrives.
 */
export class Chat {
    #runs = new Map();
    #options;

    /** `stream(body, signal)` gives chunks; `settings(conversation)` gives {model, tools}. */
    constructor({ stream, settings, save, changed, now = () => performance.now() }) {
        this.#options = { stream, settings, save, changed, now };
    }

    isRunning(conversation) {
        return this.#runs.has(conversation.id);
    }

    get running() {
        return [...this.#runs.values()].map(run => run.conversation);
    }

    send(conversation, text) {
        const node = conversation.add(conversation.last?.id ?? null, { role: 'user', text });
        return this.#reply(conversation, node.id);
    }

    /** Another reply beside this one. A reply that failed before its first word is taken anew in its place. */
    regenerate(conversation, id) {
        const node = conversation.get(id);
        if (isEmptyFailure(node))
            return this.#run(conversation, node, conversation.path(node.parent));
        return this.#reply(conversation, node.parent);
    }

    /** Lets the model go on from where this reply's text ends. */
    continue(conversation, id) {
        return this.#run(conversation, conversation.get(id), conversation.path(id));
    }

    /** Puts a changed text beside a message. After a user's, the model replies. */
    edit(conversation, id, text) {
        const { parent, role, calls } = conversation.get(id);
        if (role === 'user') {
            const node = conversation.add(parent, { role, text });
            return this.#reply(conversation, node.id);
        }
        conversation.add(parent, { role, text, state: 'edited', ...(calls && { calls: structuredClone(calls) }) });
        return this.#changed(conversation);
    }

    /** Answers the calls of a reply, or answers them in another way. */
    answer(conversation, id, results) {
        const call = conversation.get(id);
        delete call.answers;
        const node = conversation.add(id, { role: 'tool', results });
        return this.#reply(conversation, node.id);
    }

    remove(conversation, id) {
        this.stop(conversation);
        const removed = conversation.remove(id);
        this.#changed(conversation);
        return removed;
    }

    stop(conversation) {
        this.#runs.get(conversation.id)?.controller.abort();
    }

    #reply(conversation, parent) {
        const path = conversation.path(parent);
        const node = conversation.add(parent, { role: 'assistant', state: 'streaming' });
        return this.#run(conversation, node, path);
    }

    async #run(conversation, node, path) {
        const { stream, settings, save, changed, now } = this.#options;
        const body = chatRequest(conversation, path, settings(conversation));
        const controller = new AbortController();
        this.#runs.set(conversation.id, { conversation, controller });
        Object.assign(node, { state: 'streaming' });
        for (const field of ['error', 'finish', 'usage', 'timing'])
            delete node[field];
        this.#changed(conversation, node);

        const reply = new Reply(node, now());
        let saved = now();
        let error = null;
        try {
            for await (const chunk of stream(body, controller.signal)) {
                const text = reply.add(chunk, now());
                changed(conversation, node, text);
                if (now() - saved > saveInterval) {
                    save(conversation);
                    saved = now();
                }
            }
        } catch (thrown) {
            error = thrown;
        }
        // Another one may have begun since this one was stopped.
        if (this.#runs.get(conversation.id)?.controller === controller)
            this.#runs.delete(conversation.id);
        end(node, error, controller.signal.aborted);
        conversation.updated = Date.now();
        this.#changed(conversation, node);
    }

    #changed(conversation, node = null) {
        this.#options.save(conversation);
        this.#options.changed(conversation, node);
    }
}

/** A reply that ended without a word or a call: nothing is lost by trying again in its place. */
export function isEmptyFailure(node) {
    return ['failed', 'lost', 'stopped'].includes(node.state) && node.text === '' && !node.calls?.length;
}

function end(node, error, aborted) {
    if (aborted) {
        node.state = 'stopped';
    } else if (!error || (error.lost && node.finish)) {
        node.state = 'done';
    } else {
        node.state = error.lost ? 'lost' : 'failed';
        const { message, status, type, param, code, retryAfter } = error;
        node.error = JSON.parse(JSON.stringify({ message, status, type, param, code }));
        if (retryAfter !== null && retryAfter !== undefined)
            node.error.retryAt = Date.now() + retryAfter * 1000;
    }
    // Calls need ids to be answered by.
    node.calls?.forEach((call, i) => call.id ||= `call_${i + 1}`);
}
