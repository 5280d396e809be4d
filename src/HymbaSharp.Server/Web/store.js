import { Conversation } from './conversation.js';

const conversationPrefix = 'hymbasharp.conversation.';
const keyName = 'hymbasharp.key';
const preferencePrefix = 'hymbasharp.preference.';

/**
 * Keeps conversations, key and preferences in a storage like the browser's localStorage. One entry for each conversation, so that two
 * pages don't overwrite each other's. A storage that is full or forbidden is reported, and everything stays in memory.
 */
export class Store {
    #storage;
    #failed;
    #memory = new Map();
    #unsaved = new Set();

    /** `failed(error)` is told of each write that fails, and null when all that failed is kept after all. */
    constructor(storage, failed) {
        this.#storage = storage;
        this.#failed = failed;
    }

    /** What is kept, newest first, and how many entries can't be read; those stay as they are. */
    load() {
        const conversations = [];
        let unreadable = 0;
        for (const name of this.#names()) {
            try {
                conversations.push(Conversation.fromJSON(JSON.parse(this.#storage.getItem(name))));
            } catch {
                unreadable++;
            }
        }
        conversations.sort((a, b) => b.updated - a.updated);
        return { conversations, unreadable };
    }

    save(conversation) {
        this.#write(conversationPrefix + conversation.id, JSON.stringify(conversation));
    }

    remove(conversation) {
        this.#write(conversationPrefix + conversation.id, null);
    }

    /** What an entry that another page changed is now: {id, conversation}, with null where it was removed; or null for other entries. */
    static readChange(name, text) {
        if (!name?.startsWith(conversationPrefix))
            return null;
        try {
            return { id: name.slice(conversationPrefix.length), conversation: text === null ? null : Conversation.fromJSON(JSON.parse(text)) };
        } catch {
            return null;
        }
    }

    /** Whether something would be gone with the page. */
    get hasUnsaved() {
        return this.#unsaved.size > 0;
    }

    get key() {
        return this.#read(keyName) ?? '';
    }

    set key(value) {
        this.#write(keyName, value === '' ? null : value);
    }

    preference(name) {
        return this.#read(preferencePrefix + name);
    }

    setPreference(name, value) {
        this.#write(preferencePrefix + name, value);
    }

    #names() {
        try {
            return Array.from({ length: this.#storage.length }, (_, i) => this.#storage.key(i)).filter(name => name.startsWith(conversationPrefix));
        } catch {
            return [];
        }
    }

    #read(name) {
        if (this.#memory.has(name))
            return this.#memory.get(name);
        try {
            return this.#storage.getItem(name);
        } catch {
            return null;
        }
    }

    #write(name, text) {
        try {
            if (text === null)
                this.#storage.removeItem(name);
            else
                this.#storage.setItem(name, text);
            this.#memory.delete(name);
            if (this.#unsaved.delete(name) && !this.hasUnsaved)
                this.#failed(null);
        } catch (error) {
            if (!name.startsWith(conversationPrefix))
                this.#memory.set(name, text);
            this.#unsaved.add(name);
            this.#failed(error);
        }
    }
}
