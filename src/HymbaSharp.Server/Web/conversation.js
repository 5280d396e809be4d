/*
 * A conversation is a tree of messages. What is shown, and sent, is the path from its root along the selected children;
 * siblings are the other ways a turn was put or answered.
 */
import { describeJsonError } from './json.js';
import { samplingFields } from './sampling.js';

const titleLength = 48;
const states = ['streaming', 'done', 'stopped', 'lost', 'failed', 'edited'];

/** What is wrong with a conversation that was read, in words for the person who gave it. */
export class ConversationFormatError extends Error {
}

export function newId() {
    // randomUUID is missing where the page is not served over HTTPS.
    return Array.from(crypto.getRandomValues(new Uint8Array(12)), byte => byte.toString(16).padStart(2, '0')).join('');
}

export class Conversation {
    id = newId();
    title = '';
    created = Date.now();
    updated = Date.now();
    system = '';
    contexts = [];
    tools = '';
    sampling = {};
    draft = '';
    #nodes = new Map();
    #root = { id: null, children: [], selected: null };

    get isEmpty() {
        return this.#nodes.size === 0;
    }

    /** The title given, else the beginning of the first question. */
    get name() {
        const first = this.title || this.#nodes.get(this.#root.selected)?.text.trim().split('\n')[0] || 'New chat';
        return first.length > titleLength ? `${first.slice(0, titleLength).trimEnd()}…` : first;
    }

    get(id) {
        return this.#nodes.get(id);
    }

    /** The messages along the selected children, or up to and with one message. */
    path(upTo = undefined) {
        const path = [];
        if (upTo !== undefined) {
            for (let node = this.#nodes.get(upTo); node; node = this.#nodes.get(node.parent))
                path.unshift(node);
            return path;
        }
        for (let node = this.#nodes.get(this.#root.selected); node; node = this.#nodes.get(node.selected))
            path.push(node);
        return path;
    }

    get last() {
        return this.path().at(-1) ?? null;
    }

    /** Adds a message after another (null: as a first one) and selects it. */
    add(parent, fields) {
        const node = { id: newId(), parent, created: Date.now(), text: '', state: 'done', ...fields, children: [], selected: null };
        this.#insert(node);
        this.#parentOf(node).selected = node.id;
        this.updated = Date.now();
        return node;
    }

    /** The message's place among its siblings, from 0, and their ids. */
    siblings(id) {
        const ids = this.#parentOf(this.#nodes.get(id)).children;
        return { ids, index: ids.indexOf(id) };
    }

    /** Selects the sibling so many places away, where there is one, and gives it. */
    step(id, places) {
        const { ids, index } = this.siblings(id);
        const sibling = this.#nodes.get(ids[index + places]) ?? this.#nodes.get(id);
        this.#parentOf(sibling).selected = sibling.id;
        return sibling;
    }

    /** Takes out a message with all that follows it; what it gives can be put back. */
    remove(id) {
        const { ids, index } = this.siblings(id);
        const nodes = [this.#nodes.get(id)];
        for (let i = 0; i < nodes.length; i++)
            nodes.push(...nodes[i].children.map(child => this.#nodes.get(child)));
        for (const node of nodes)
            this.#nodes.delete(node.id);
        const parent = this.#parentOf(nodes[0]);
        ids.splice(index, 1);
        if (parent.selected === id)
            parent.selected = ids[Math.min(index, ids.length - 1)] ?? null;
        this.updated = Date.now();
        return { nodes, index };
    }

    /** Puts back what was removed, unless what it answers is gone. */
    restore({ nodes, index }) {
        const parent = this.#parentOf(nodes[0]);
        if (!parent)
            return;
        for (const node of nodes)
            this.#nodes.set(node.id, node);
        parent.children.splice(index, 0, nodes[0].id);
        parent.selected = nodes[0].id;
        this.updated = Date.now();
    }

    /** A copy under another id. */
    copy() {
        const copy = Conversation.fromJSON(JSON.parse(JSON.stringify(this)));
        copy.id = newId();
        return copy;
    }

    toJSON() {
        const messages = [];
        const visit = [...this.#root.children].reverse();
        while (visit.length > 0) {
            const { children, selected, ...fields } = this.#nodes.get(visit.pop());
            messages.push({ ...fields, selected });
            visit.push(...[...children].reverse());
        }
        const { id, title, created, updated, system, contexts, tools, sampling, draft } = this;
        return { id, title, created, updated, system, contexts, tools, sampling, draft, selected: this.#root.selected, messages };
    }

    /** Reads what toJSON wrote. Only known fields are taken, and each is checked. */
    static fromJSON(value) {
        const what = 'the conversation';
        require(isObject(value), `${what} must be an object`);
        const conversation = new Conversation();
        if (value.id !== undefined)
            conversation.id = readId(value.id, `${what}'s id`);
        for (const field of ['title', 'system', 'tools', 'draft'])
            conversation[field] = readText(value[field] ?? '', `${what}'s ${field}`);
        for (const field of ['created', 'updated'])
            conversation[field] = readNumber(value[field] ?? Date.now(), `${what}'s ${field}`);
        conversation.contexts = readList(value.contexts ?? [], `${what}'s contexts`).map((text, i) => readText(text, `context ${i + 1}`));
        conversation.sampling = readSampling(value.sampling ?? {});

        const selections = new Map([[null, value.selected ?? null]]);
        readList(value.messages ?? [], `${what}'s messages`).forEach((message, i) => {
            const node = readMessage(message, `message ${i + 1}`);
            require(!conversation.#nodes.has(node.id), `message ${i + 1} has the id of another one: ${node.id}`);
            // A parent stands before its children, so there are no circles.
            require(node.parent === null || conversation.#nodes.has(node.parent), `message ${i + 1} follows a message that is not before it: ${node.parent}`);
            conversation.#insert(node);
            selections.set(node.id, message.selected ?? null);
        });
        for (const [id, selected] of selections) {
            const parent = id === null ? conversation.#root : conversation.#nodes.get(id);
            parent.selected = parent.children.includes(selected) ? selected : parent.children.at(-1) ?? null;
        }
        return conversation;
    }

    #insert(node) {
        this.#nodes.set(node.id, node);
        this.#parentOf(node).children.push(node.id);
    }

    #parentOf(node) {
        return node.parent === null ? this.#root : this.#nodes.get(node.parent);
    }
}

const exportFormat = 'hymbasharp-chat';

/** The text of a file that holds these conversations. */
export function exportText(conversations) {
    return JSON.stringify({ format: exportFormat, version: 1, conversations }, null, 2);
}

/** The conversations of such a file, under new ids. */
export function importText(text) {
    let file;
    try {
        file = JSON.parse(text);
    } catch {
        throw new ConversationFormatError(describeJsonError(text));
    }
    require(isObject(file) && file.format === exportFormat, `This is no export of conversations: "format" must be "${exportFormat}"`);
    require(file.version === 1, `This export has version ${JSON.stringify(file.version)}; version 1 can be read`);
    const list = readList(file.conversations, '"conversations"');
    require(list.length > 0, 'This export holds no conversation');
    return list.map((value, i) => {
        try {
            return Conversation.fromJSON(value).copy();
        } catch (error) {
            throw error instanceof ConversationFormatError ? new ConversationFormatError(`Conversation ${i + 1}: ${error.message}`) : error;
        }
    });
}

function readMessage(value, what) {
    require(isObject(value), `${what} must be an object`);
    const node = {
        id: readId(value.id, `the id of ${what}`),
        parent: value.parent === null || value.parent === undefined ? null : readId(value.parent, `the parent of ${what}`),
        role: readOneOf(value.role, ['user', 'assistant', 'tool'], `the role of ${what}`),
        created: readNumber(value.created ?? Date.now(), `the time of ${what}`),
        text: readText(value.text ?? '', `the text of ${what}`),
        state: readOneOf(value.state ?? 'done', states, `the state of ${what}`),
        children: [],
        selected: null,
    };
    // The page that was reading this reply is gone.
    if (node.state === 'streaming')
        node.state = 'lost';
    for (const field of ['finish', 'model']) {
        if (value[field] !== undefined && value[field] !== null)
            node[field] = readText(value[field], `${field} of ${what}`);
    }
    if (value.calls !== undefined)
        node.calls = readRecords(value.calls, ['id', 'name', 'arguments'], `the calls of ${what}`);
    if (value.results !== undefined)
        node.results = readRecords(value.results, ['id', 'name', 'text'], `the results of ${what}`);
    if (value.answers !== undefined)
        node.answers = readList(value.answers, `the answers of ${what}`).map(text => readText(text, `an answer of ${what}`));
    require(node.role !== 'tool' || node.results?.length > 0, `${what} is of a tool and must have results`);
    for (const [field, members] of [['usage', ['prompt', 'completion', 'cached']], ['timing', ['firstSeconds', 'tokensPerSecond']]]) {
        if (value[field] !== undefined)
            node[field] = readNumbers(value[field], members, `the ${field} of ${what}`);
    }
    if (value.error !== undefined)
        node.error = readError(value.error, `the error of ${what}`);
    return node;
}

function readError(value, what) {
    require(isObject(value), `${what} must be an object`);
    const error = { message: readText(value.message, `the message of ${what}`) };
    for (const field of ['type', 'param', 'code']) {
        if (typeof value[field] === 'string')
            error[field] = value[field];
    }
    return { ...error, ...readNumbers(value, ['status', 'retryAt'], what) };
}

function readSampling(value) {
    require(isObject(value), 'the sampling settings must be an object');
    const sampling = {};
    for (const { name, read } of samplingFields) {
        if (value[name] === undefined)
            continue;
        const { error } = read(readText(value[name], `the sampling setting ${name}`));
        require(!error, `the sampling setting ${name}: ${error}`);
        sampling[name] = value[name];
    }
    return sampling;
}

function readRecords(value, fields, what) {
    return readList(value, what).map(record => {
        require(isObject(record), `${what} must be objects`);
        return Object.fromEntries(fields.map(field => [field, readText(record[field], `"${field}" in ${what}`)]));
    });
}

function readNumbers(value, fields, what) {
    require(isObject(value), `${what} must be an object`);
    const present = fields.filter(field => value[field] !== undefined && value[field] !== null);
    return Object.fromEntries(present.map(field => [field, readNumber(value[field], `"${field}" in ${what}`)]));
}

function readId(value, what) {
    require(typeof value === 'string' && /^[\w-]{1,64}$/.test(value), `${what} must be 1 to 64 letters, digits, - and _`);
    return value;
}

function readText(value, what) {
    require(typeof value === 'string', `${what} must be a text`);
    return value;
}

function readNumber(value, what) {
    require(typeof value === 'number' && Number.isFinite(value), `${what} must be a number`);
    return value;
}

function readOneOf(value, allowed, what) {
    require(allowed.includes(value), `${what} must be one of ${allowed.join(', ')}`);
    return value;
}

function readList(value, what) {
    require(Array.isArray(value), `${what} must be a list`);
    return value;
}

function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function require(holds, message) {
    if (!holds)
        throw new ConversationFormatError(`${message}.`.replace(/\.\.$/, '.'));
}
