import { Conversation, ConversationFormatError, exportText, importText } from './conversation.js';
import { download } from './dom.js';
import { notify } from './notices.js';
import { Store } from './store.js';

const draftPause = 500;

/** The conversations: which there are, which one is open, and that each is kept. `changed()` is called when another one is open or the list changes. */
export class Library {
    #store;
    #changed;
    #isRunning = () => false;
    #timers = new Map();
    #removed = new WeakSet();
    conversations;
    current;

    constructor(store, changed) {
        this.#store = store;
        this.#changed = changed;
        const { conversations, unreadable } = store.load();
        this.conversations = conversations;
        this.current = conversations.find(conversation => conversation.id === store.preference('current')) ?? new Conversation();
        if (unreadable > 0)
            notify(`${unreadable} of the kept conversations can’t be read. They are left as they are.`, { isError: true });
        addEventListener('storage', event => this.#takeFromOtherPage(event));
        addEventListener('pagehide', () => [...this.#timers.keys()].forEach(conversation => this.save(conversation)));
    }

    /** Conversations in which a reply arrives are not replaced by what another page keeps. */
    watch(isRunning) {
        this.#isRunning = isRunning;
    }

    save(conversation) {
        clearTimeout(this.#timers.get(conversation));
        this.#timers.delete(conversation);
        if (!this.conversations.includes(conversation)) {
            if (isBlank(conversation) || this.#removed.has(conversation))
                return;
            this.conversations.unshift(conversation);
            this.#store.setPreference('current', this.current.id);
            this.#changed();
        }
        this.#store.save(conversation);
    }

    /** Saves once the typing pauses. */
    saveSoon(conversation) {
        clearTimeout(this.#timers.get(conversation));
        this.#timers.set(conversation, setTimeout(() => this.save(conversation), draftPause));
    }

    open(conversation) {
        this.current = conversation;
        this.#store.setPreference('current', conversation.id);
        this.#changed();
    }

    /** Opens a new conversation, or stays in one that has nothing yet. Sampling goes with the person, all else belongs to a conversation. */
    create() {
        if (!isBlank(this.current)) {
            const conversation = new Conversation();
            conversation.sampling = { ...this.current.sampling };
            this.open(conversation);
        }
    }

    rename(conversation, title) {
        conversation.title = title;
        this.save(conversation);
        this.#changed();
    }

    remove(conversation) {
        const index = this.conversations.indexOf(conversation);
        this.conversations.splice(index, 1);
        this.#removed.add(conversation);
        clearTimeout(this.#timers.get(conversation));
        this.#timers.delete(conversation);
        this.#store.remove(conversation);
        if (conversation === this.current)
            this.open(this.conversations[Math.min(index, this.conversations.length - 1)] ?? new Conversation());
        else
            this.#changed();
        notify(`“${conversation.name}” was deleted.`, { action: { label: 'Undo', run: () => this.#restore(conversation, index) } });
    }

    exportOne(conversation) {
        download(`${conversation.name.replace(/[^\p{L}\p{N} _-]/gu, '').trim() || 'chat'}.json`, exportText([conversation]));
    }

    exportAll() {
        if (this.conversations.length === 0)
            notify('There is no conversation to export yet.');
        else
            download('chats.json', exportText(this.conversations));
    }

    async importFile(file) {
        try {
            const imported = importText(await file.text());
            this.conversations.unshift(...imported);
            imported.forEach(conversation => this.#store.save(conversation));
            this.open(imported[0]);
            notify(imported.length === 1 ? 'One conversation was imported.' : `${imported.length} conversations were imported.`);
        } catch (error) {
            if (!(error instanceof ConversationFormatError) && error.name !== 'NotReadableError')
                throw error;
            notify(`${file.name} was not imported. ${error.message}`, { isError: true, stays: true });
        }
    }

    #restore(conversation, index) {
        this.#removed.delete(conversation);
        this.conversations.splice(index, 0, conversation);
        this.#store.save(conversation);
        this.open(conversation);
    }

    #takeFromOtherPage(event) {
        const change = Store.readChange(event.key, event.newValue);
        if (!change)
            return;
        const index = this.conversations.findIndex(conversation => conversation.id === change.id);
        const known = this.conversations[index];
        if (known && this.#isRunning(known))
            return;
        if (index >= 0)
            this.conversations.splice(index, 1, ...(change.conversation ? [change.conversation] : []));
        else if (change.conversation)
            this.conversations.unshift(change.conversation);
        if (known && known === this.current)
            this.open(change.conversation ?? new Conversation());
        else
            this.#changed();
    }
}

/** Nothing that would be missed. */
function isBlank(conversation) {
    const { isEmpty, title, system, contexts, tools, draft } = conversation;
    return isEmpty && [title, system, tools, draft, ...contexts].every(text => text.trim() === '');
}
