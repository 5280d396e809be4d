import { button, element, growing } from './dom.js';
import { count, isEnter } from './message-view.js';
import { readTools } from './tools.js';

/** The box in which messages are written, what goes with them, and the conversation's counts. */
export class Composer {
    #form = document.getElementById('composer');
    #field = growing(document.getElementById('question'));
    #send = document.getElementById('send');
    #stop = document.getElementById('stop');
    #attached = document.getElementById('attached');
    #totals = document.getElementById('totals');
    #conversation = null;
    #openSetup;
    #rest;

    /** `send(text)` says whether the text was taken; `stop()`, `drafted(text)`, `editLast()`, `openSetup(section)`; `rest()` puts the focus where it does no harm. */
    constructor({ send, stop, drafted, editLast, openSetup, rest }) {
        this.#openSetup = openSetup;
        this.#rest = rest;
        const submit = () => {
            const text = this.#field.value.trim();
            if (text !== '' && this.#stop.hidden && send(text))
                this.write('');
        };
        this.#form.addEventListener('submit', event => {
            event.preventDefault();
            submit();
        });
        this.#field.addEventListener('input', () => drafted(this.#field.value));
        this.#field.addEventListener('keydown', event => {
            // On a touch keyboard there is no Shift+Enter, and the button is near.
            if (isEnter(event) && !matchMedia('(pointer: coarse)').matches) {
                event.preventDefault();
                submit();
            } else if (event.key === 'ArrowUp' && this.#field.value === '' && this.#stop.hidden) {
                event.preventDefault();
                editLast();
            }
        });
        this.#stop.addEventListener('click', () => {
            stop();
            rest();
        });
    }

    render(conversation, busy) {
        if (conversation !== this.#conversation) {
            this.#conversation = conversation;
            this.write(conversation.draft);
        }
        if (busy === this.#stop.hidden) {
            const hadFocus = [this.#send, this.#stop].includes(document.activeElement);
            this.#stop.hidden = !busy;
            this.#send.hidden = busy;
            if (hadFocus)
                busy ? this.#stop.focus() : this.#rest();
        }
        this.#showAttached(conversation);
        this.showTotals(conversation);
    }

    focus() {
        this.#field.focus();
    }

    write(text) {
        this.#field.value = text;
        this.#field.dispatchEvent(new Event('input'));
    }

    #showAttached({ system, contexts, tools }) {
        const passages = contexts.filter(text => text.trim() !== '').length;
        const { tools: defined, error } = readTools(tools);
        const chip = (section, text) => button(text, () => this.#openSetup(section), { class: 'chip' });
        this.#attached.replaceChildren(...[
            system.trim() !== '' && chip('system', 'system prompt'),
            passages > 0 && chip('contexts', count(passages, 'context')),
            error ? chip('tools', 'tools with an error') : defined.length > 0 && chip('tools', count(defined.length, 'tool')),
        ].filter(Boolean));
    }

    showTotals(conversation) {
        const usage = conversation.path().findLast(node => node.usage)?.usage;
        const parts = usage ? [`${count(usage.prompt + usage.completion, 'token')} in this conversation`] : [];
        if (usage?.cached !== undefined)
            parts.push(`${usage.cached.toLocaleString('en')} of the last prompt’s ${usage.prompt.toLocaleString('en')} from the cache`);
        this.#totals.replaceChildren(...parts.map(part => element('span', {}, part)));
    }
}
