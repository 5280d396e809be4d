import { isEmptyFailure } from './chat.js';
import { button, copyText, element, growing, iconButton } from './dom.js';
import { failureCard } from './failure.js';
import { showMarkdown } from './markdown-view.js';
import { wholeCalls } from './request.js';

const names = { user: 'You', assistant: 'Model', tool: 'Tool' };

/**
 * Shows one message: its text, its calls, how it ended, and what can be done with it. `actions` are functions of the message's id:
 * edit, answer, regenerate, continue, remove, step, keepAnswers, askKey, say; `edits` keeps the texts of edits that are open.
 */
export class MessageView {
    #node;
    #actions;
    #edits;
    #body = element('div', { class: 'body' });
    #calls = element('div', { class: 'calls' });
    #failure = element('div', { class: 'failure' });
    #meta = element('p', { class: 'meta' });
    #tools = element('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' });
    #shownCalls = '';

    constructor(node, actions, edits) {
        this.#node = node;
        this.#actions = actions;
        this.#edits = edits;
        this.element = element('article', { class: `message ${node.role}`, tabindex: -1, 'aria-labelledby': `who-${node.id}` },
            element('h2', { class: 'who', id: `who-${node.id}` }, names[node.role]),
            element('div', { class: 'content' }, this.#body, this.#calls, this.#failure, element('div', { class: 'foot' }, this.#tools, this.#meta)));
    }

    /** Shows the message as it is now. `siblings` is its place among them; nothing can be changed while the conversation is busy. */
    update({ siblings, busy }) {
        this.element.classList.toggle('streaming', this.#node.state === 'streaming');
        this.element.setAttribute('aria-busy', this.#node.state === 'streaming');
        if (this.#edits.has(this.#node.id))
            this.#showEditor();
        else
            this.#showBody();
        this.#showCalls(busy);
        this.#failure.replaceChildren(...[busy ? null : this.#ending()].filter(Boolean));
        const focused = this.#tools.contains(document.activeElement) && document.activeElement.dataset.action;
        this.#tools.replaceChildren(...this.#buttons(siblings, busy));
        if (focused)
            this.focusAction(focused);
        this.#showMeta();
    }

    /** Shows what a piece of a reply changes, and nothing else. The frame may come after the reply's end. */
    grow() {
        if (this.#node.state !== 'streaming')
            return;
        this.#showBody();
        this.#showCalls(true);
        this.#showMeta();
    }

    edit() {
        const { id, role, text, results } = this.#node;
        if (!this.#edits.has(id))
            this.#edits.set(id, role === 'tool' ? results.map(result => result.text) : [text]);
        this.#showEditor();
        const field = this.#body.querySelector('textarea');
        field.focus();
        field.setSelectionRange(field.value.length, field.value.length);
    }

    focusAnswer() {
        this.#calls.querySelector('textarea')?.focus();
    }

    focusAction(name) {
        const wanted = this.#tools.querySelector(`[data-action="${name}"]:not(:disabled)`) ?? this.#tools.querySelector('[data-action]:not(:disabled)');
        (wanted ?? this.element).focus();
    }

    #showBody() {
        const { role, text, results, state, calls } = this.#node;
        if (this.#body.classList.contains('editing')) {
            this.#body.classList.remove('editing');
            this.#body.replaceChildren();
        }
        this.#body.classList.toggle('plain', role === 'user');
        this.#body.classList.toggle('waiting', state === 'streaming' && text === '' && !calls?.length);
        if (role === 'user')
            this.#body.textContent = text;
        else if (role === 'tool')
            this.#body.replaceChildren(...results.map(result => element('div', { class: 'result' }, element('h3', {}, `Result of ${result.name}`), element('pre', { tabindex: 0 }, result.text))));
        else
            showMarkdown(this.#body, text);
    }

    #showCalls(busy) {
        const { calls = [], selected, state } = this.#node;
        const asks = !busy && selected === null && this.pendingCalls.length > 0;
        const shown = JSON.stringify([calls, asks, state]);
        if (shown === this.#shownCalls)
            return;
        this.#shownCalls = shown;
        const cards = calls.map(call => element('section', { class: 'call' },
            element('h3', {}, 'Call of ', element('code', {}, call.name || '…')),
            element('pre', { tabindex: 0, 'aria-label': 'Arguments' }, readable(call.arguments)),
            asks && this.pendingCalls.includes(call) && this.#answerField(call)));
        if (asks) {
            cards.push(element('div', { class: 'row' },
                button(cards.length > 1 ? 'Send the results' : 'Send the result', () => this.#answer(), { class: 'primary' }),
                element('span', { class: 'note' }, 'You are the tool: write what it would give back.')));
        }
        this.#calls.replaceChildren(...cards);
    }

    /** The calls that can be answered and have not been. */
    get pendingCalls() {
        return this.#node.state === 'streaming' || this.#node.selected !== null ? [] : wholeCalls(this.#node);
    }

    #answerField(call) {
        const { id, answers } = this.#node;
        const index = this.pendingCalls.indexOf(call);
        const field = growing(element('textarea', {
            id: `answer-${id}-${index}`,
            rows: 2,
            class: 'answer',
            placeholder: '{"weather": "sunny"}',
            spellcheck: 'false',
            oninput: () => this.#actions.keepAnswers(id, this.#answers()),
            onkeydown: event => isEnter(event) && (event.preventDefault(), this.#answer()),
        }));
        field.value = answers?.[index] ?? '';
        return element('div', { class: 'field' }, element('label', { for: field.id }, `Result of ${call.name}`), field);
    }

    #answers() {
        return [...this.#calls.querySelectorAll('.answer')].map(field => field.value);
    }

    #answer() {
        const answers = this.#answers();
        this.#actions.answer(this.#node.id, this.pendingCalls.map((call, i) => ({ id: call.id, name: call.name, text: answers[i] })));
    }

    #showEditor() {
        if (this.#body.classList.contains('editing'))
            return;
        const { id, role, results } = this.#node;
        const texts = this.#edits.get(id);
        const done = () => {
            this.#edits.delete(id);
            if (role === 'tool')
                this.#actions.answer(this.#node.parent, results.map((result, i) => ({ ...result, text: texts[i] })));
            else
                this.#actions.edit(id, texts[0]);
        };
        const leave = () => {
            this.#edits.delete(id);
            this.#showBody();
            this.focusAction('edit');
        };
        const fields = texts.map((text, i) => {
            const field = growing(element('textarea', {
                rows: 2,
                'aria-label': role === 'tool' ? `Result of ${results[i].name}` : 'Text of the message',
                oninput: event => texts[i] = event.target.value,
                onkeydown: event => {
                    if (event.key === 'Escape') {
                        event.stopPropagation();
                        leave();
                    } else if ((isEnter(event) && role !== 'assistant') || (event.key === 'Enter' && (event.ctrlKey || event.metaKey))) {
                        event.preventDefault();
                        done();
                    }
                },
            }));
            field.value = text;
            return field;
        });
        this.#body.classList.add('editing');
        this.#body.classList.remove('plain', 'waiting');
        this.#body.replaceChildren(...fields, element('div', { class: 'row' },
            button(role === 'assistant' ? 'Save as a branch' : 'Send as a branch', done, { class: 'primary' }),
            button('Cancel', leave)));
    }

    #ending() {
        const { id, state, text, error, finish, calls } = this.#node;
        const retry = () => this.#actions.regenerate(id);
        const goOn = text !== '' && !calls?.length && (() => this.#actions.continue(id));
        switch (state) {
            case 'failed':
                return failureCard(error, { retry, goOn, askKey: () => this.#actions.askKey(id) });
            case 'lost':
                return failureCard(error ?? { message: 'The page was closed before the reply ended.' }, { retry, goOn });
            case 'stopped':
                return failureCard({ message: isEmptyFailure(this.#node) ? 'Stopped before the first word.' : 'Stopped.' }, { retry, goOn, isQuiet: true });
            case 'done':
                return finish === 'length' ? failureCard({ message: 'The reply reached the most tokens.' }, { goOn, isQuiet: true }) : null;
            default:
                return null;
        }
    }

    #buttons({ ids, index }, busy) {
        const { id, role, text, state, calls } = this.#node;
        const act = (name, iconName, label, run, more) => iconButton(iconName, label, run, { 'data-action': name, ...more });
        const step = (name, iconName, label, places) => act(name, iconName, label, () => this.#actions.step(id, places, name), { disabled: ids[index + places] === undefined });
        const shown = [];
        if (ids.length > 1) {
            shown.push(element('span', { class: 'branches', role: 'group', 'aria-label': 'Branches' },
                step('back', 'back', 'Branch before', -1),
                element('span', {}, `${index + 1}/${ids.length}`),
                step('forward', 'forward', 'Branch after', 1)));
        }
        if (text !== '')
            shown.push(act('copy', 'copy', 'Copy', () => copyText(text).then(() => this.#actions.say('Copied.'), error => this.#actions.say(error.message))));
        if (busy)
            return shown;
        shown.push(act('edit', 'edit', 'Edit', () => this.edit()));
        if (role === 'assistant')
            shown.push(act('regenerate', 'again', 'Regenerate', () => this.#actions.regenerate(id)));
        if (state === 'edited' && text !== '' && !calls?.length)
            shown.push(button('Continue', () => this.#actions.continue(id), { class: 'quiet', 'data-action': 'continue' }));
        shown.push(act('remove', 'remove', 'Delete, with what follows', () => this.#actions.remove(id)));
        return shown;
    }

    #showMeta() {
        const { usage, timing, model, state } = this.#node;
        const parts = [];
        if (state === 'edited')
            parts.push('edited');
        if (usage)
            parts.push(`${count(usage.completion, 'token')}`);
        if (timing?.tokensPerSecond)
            parts.push(`${timing.tokensPerSecond.toFixed(1)} tokens/s`);
        if (timing)
            parts.push(`first after ${timing.firstSeconds.toFixed(2)} s`);
        if (model && state !== 'streaming')
            parts.push(model);
        this.#meta.textContent = parts.join(' · ');
    }
}

export function count(number, noun) {
    return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** Whether the key sends: not within an input method, and not with Shift. */
export function isEnter(event) {
    return event.key === 'Enter' && !event.shiftKey && !event.isComposing;
}

function readable(json) {
    try {
        return JSON.stringify(JSON.parse(json), null, 2);
    } catch {
        return json;
    }
}
