import { button, element, growing, iconButton } from './dom.js';
import { samplingFields } from './sampling.js';
import { exampleTools, readTools } from './tools.js';

/** The pane in which a conversation's system prompt, contexts, tools and sampling are set. */
export class Setup {
    #sections = document.getElementById('setup-sections');
    #conversation = null;
    #changed;
    #askKey;

    /** `changed()` is called when something was set, `askKey()` when the person wants to give the key. */
    constructor({ changed, askKey }) {
        this.#changed = changed;
        this.#askKey = askKey;
    }

    show(conversation) {
        this.#conversation = conversation;
        this.#sections.replaceChildren(this.#system(), this.#contexts(), this.#tools(), this.#sampling(),
            section('access', 'Access', button('API key…', () => this.#askKey())));
    }

    /** The first field with an error, or null. */
    get invalid() {
        return this.#sections.querySelector('[aria-invalid="true"]');
    }

    focus(name) {
        this.#sections.querySelector(`#setup-${name} textarea, #setup-${name} input, #setup-${name} button`)?.focus();
    }

    #system() {
        const field = this.#text('system-prompt', this.#conversation.system, text => this.#conversation.system = text, { rows: 3, 'aria-labelledby': 'setup-system-title' });
        return section('system', 'System prompt', field);
    }

    #contexts() {
        const { contexts } = this.#conversation;
        const list = element('div', { class: 'list' });
        const showAll = () => list.replaceChildren(...contexts.map((text, i) => element('div', { class: 'field' },
            element('div', { class: 'field-head' },
                element('label', { for: `context-${i}` }, `Passage ${i + 1}`),
                iconButton('remove', `Remove passage ${i + 1}`, () => {
                    contexts.splice(i, 1);
                    this.#changed();
                    showAll();
                    add.focus();
                })),
            this.#text(`context-${i}`, text, changed => contexts[i] = changed, { rows: 3 }))));
        const add = button('Add a passage', () => {
            contexts.push('');
            showAll();
            list.querySelector('.field:last-child textarea').focus();
        });
        showAll();
        return section('contexts', 'Contexts', note('Passages to answer from. They are sent with every message.'), list, add);
    }

    #tools() {
        const error = element('p', { class: 'field-error', id: 'tools-error', role: 'status' });
        const field = this.#text('tools', this.#conversation.tools, text => {
            this.#conversation.tools = text;
            validate();
        }, { rows: 6, class: 'mono', spellcheck: 'false', 'aria-labelledby': 'setup-tools-title', 'aria-describedby': 'tools-note tools-error' });
        const validate = () => mark(field, error, readTools(field.value).error);
        const insert = button('Insert an example', () => {
            field.value = exampleTools;
            field.dispatchEvent(new Event('input', { bubbles: true }));
            field.focus();
        });
        validate();
        return section('tools', 'Tools', note('Functions the model may call, as a JSON list in OpenAI’s form. You answer the calls.', 'tools-note'), field, error, insert);
    }

    #sampling() {
        const rows = element('div', { class: 'sampling' });
        const showAll = () => rows.replaceChildren(...samplingFields.map(field => this.#samplingField(field)));
        const reset = button('Reset to the defaults', () => {
            this.#conversation.sampling = {};
            this.#changed();
            showAll();
        });
        showAll();
        return section('sampling', 'Sampling', rows, reset);
    }

    #samplingField({ name, label, standard, placeholder, hint, lines, read }) {
        // The page has ids of its own, `stop` among them.
        const id = `sampling-${name}`;
        const error = element('p', { class: 'field-error', id: `${id}-error`, role: 'status' });
        const standardText = standard === null ? placeholder : String(standard);
        const attributes = {
            id,
            placeholder: standardText,
            'aria-describedby': `${id}-hint ${id}-error`,
            autocomplete: 'off',
            oninput: () => {
                const result = read(input.value);
                mark(input, error, result.error && `${label} ${result.error}.`);
                if (result.error)
                    return;
                if (result.value === null)
                    delete this.#conversation.sampling[name];
                else
                    this.#conversation.sampling[name] = input.value;
                this.#changed();
            },
        };
        const input = lines ? growing(element('textarea', { rows: 1, ...attributes })) : element('input', { inputmode: 'decimal', ...attributes });
        input.value = this.#conversation.sampling[name] ?? '';
        return element('div', { class: lines ? 'field wide' : 'field' },
            element('label', { for: id }, label), input,
            element('p', { class: 'note', id: `${id}-hint` }, [`default ${standardText}`, hint].filter(Boolean).join('; ')), error);
    }

    #text(id, value, set, attributes) {
        const field = growing(element('textarea', {
            id,
            ...attributes,
            oninput: event => {
                set(event.target.value);
                this.#changed();
            },
        }));
        field.value = value;
        return field;
    }
}

function section(name, title, ...children) {
    return element('section', { id: `setup-${name}`, 'aria-labelledby': `setup-${name}-title` }, element('h3', { id: `setup-${name}-title` }, title), ...children);
}

function note(text, id = null) {
    return element('p', { class: 'note', id }, text);
}

function mark(field, shown, error) {
    if (error)
        field.setAttribute('aria-invalid', 'true');
    else
        field.removeAttribute('aria-invalid');
    shown.textContent = error ?? '';
}
