import { element, iconButton } from './dom.js';

/** The list of conversations. `actions`: open, rename(conversation, title), remove, exportOne. */
export class Sidebar {
    #list = document.getElementById('conversation-list');
    #actions;

    constructor(actions) {
        this.#actions = actions;
    }

    render(conversations, current, isRunning) {
        // A name that is being written must survive what replies change around it.
        if (this.#list.querySelector('input'))
            return;
        const focused = document.activeElement?.closest('#conversation-list li')?.dataset.id;
        const which = document.activeElement?.dataset.action;
        this.#list.replaceChildren(...conversations.map(conversation => this.#item(conversation, conversation === current, isRunning(conversation))));
        if (focused)
            this.#list.querySelector(`li[data-id="${focused}"] [data-action="${which}"]`)?.focus();
    }

    #item(conversation, isCurrent, isRunning) {
        const { name } = conversation;
        const item = element('li', { 'data-id': conversation.id, class: isCurrent ? 'current' : null },
            element('button', { type: 'button', class: 'open', 'data-action': 'open', 'aria-current': isCurrent ? 'page' : null, onclick: () => this.#actions.open(conversation) },
                element('span', { class: 'name' }, name),
                isRunning && element('span', { class: 'running' }, 'replying…')),
            iconButton('edit', `Rename ${name}`, () => this.#rename(item, conversation), { 'data-action': 'rename' }),
            iconButton('save', `Export ${name}`, () => this.#actions.exportOne(conversation), { 'data-action': 'export' }),
            iconButton('remove', `Delete ${name}`, () => this.#actions.remove(conversation), { 'data-action': 'remove' }));
        return item;
    }

    #rename(item, conversation) {
        const input = element('input', { 'aria-label': 'Name of the conversation', maxlength: 100 });
        input.value = conversation.name;
        let isOpen = true;
        const close = keeps => {
            if (!isOpen)
                return;
            isOpen = false;
            const title = input.value.trim();
            input.remove();
            this.#actions.rename(conversation, keeps ? title : conversation.title);
            this.#list.querySelector(`li[data-id="${conversation.id}"] [data-action="rename"]`)?.focus();
        };
        input.addEventListener('keydown', event => {
            if (event.key === 'Enter' || event.key === 'Escape') {
                event.preventDefault();
                event.stopPropagation();
                close(event.key === 'Enter');
            }
        });
        input.addEventListener('blur', () => close(true));
        item.replaceChildren(input);
        input.select();
    }
}
