import { button, element } from './dom.js';
import { examples } from './examples.js';
import { MessageView } from './message-view.js';

const nearEnd = 80;

/** Shows a conversation's path, keeps the newest text in sight while the reader is at the end, and opens new chats with examples. */
export class MessagesView {
    #list = document.getElementById('messages');
    #scroll = document.getElementById('scroll');
    #toEnd = document.getElementById('to-end');
    #actions;
    #useExample;
    #conversation = null;
    #views = new Map();
    #edits = new Map();
    #follows = true;
    #growing = null;

    constructor(actions, useExample) {
        this.#actions = actions;
        this.#useExample = useExample;
        this.#scroll.addEventListener('scroll', () => {
            this.#follows = this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < nearEnd;
            this.#toEnd.hidden = this.#follows;
        }, { passive: true });
        this.#toEnd.addEventListener('click', () => this.toEnd());
        new ResizeObserver(() => this.#follow()).observe(this.#list);
    }

    /** Shows the conversation as it is. Messages that stay keep their elements. */
    render(conversation, busy) {
        if (conversation !== this.#conversation) {
            this.#conversation = conversation;
            this.#views.clear();
            this.#list.replaceChildren();
            this.#follows = true;
        }
        const path = conversation.path();
        const views = new Map(path.map(node => [node.id, this.#views.get(node.id) ?? new MessageView(node, this.#actions, this.#edits)]));
        this.#views = views;
        for (const [id, view] of views)
            view.update({ siblings: conversation.siblings(id), busy });
        const elements = path.length > 0 ? [...views.values()].map(view => view.element) : [this.#welcome()];
        // Moving an element takes the focus from it: only what differs is touched.
        for (const old of [...this.#list.children]) {
            if (!elements.includes(old))
                old.remove();
        }
        elements.forEach((wanted, i) => {
            if (this.#list.children[i] !== wanted)
                this.#list.insertBefore(wanted, this.#list.children[i] ?? null);
        });
        this.#follow();
    }

    /** Shows what has arrived of a reply, at most once a frame. */
    grow(id) {
        this.#growing ??= requestAnimationFrame(() => {
            this.#growing = null;
            this.#views.get(id)?.grow();
            this.#follow();
        });
    }

    view(id) {
        return this.#views.get(id);
    }

    /** The view of the last message, where its calls wait for answers; else null. */
    get unanswered() {
        const last = [...this.#views.values()].at(-1);
        return last?.pendingCalls.length > 0 ? last : null;
    }

    focusLast() {
        [...this.#views.values()].at(-1)?.element.focus();
    }

    toEnd() {
        this.#follows = true;
        this.#toEnd.hidden = true;
        this.#follow();
    }

    #follow() {
        if (this.#follows)
            this.#scroll.scrollTop = this.#conversation?.isEmpty ? 0 : this.#scroll.scrollHeight;
    }

    #welcome() {
        return element('section', { class: 'welcome', 'aria-labelledby': 'welcome-title' },
            element('h2', { id: 'welcome-title' }, 'What shall it work with?'),
            element('p', {}, 'Give it passages to answer from or tools to call, under Setup, and ask. Or begin with one of these:'),
            element('div', { class: 'examples' }, ...examples.map(example => element('button', { type: 'button', class: 'example', onclick: () => this.#useExample(example) },
                element('strong', {}, example.title),
                element('span', { class: 'example-question' }, `“${example.question}”`),
                element('span', { class: 'note' }, example.note)))));
    }
}
