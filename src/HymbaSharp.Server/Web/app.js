import { Announcer } from './announcer.js';
import { listModels, streamChat } from './api.js';
import { Chat } from './chat.js';
import { Composer } from './composer.js';
import { bindDialogs } from './dialogs.js';
import { button, element, icon } from './dom.js';
import { Library } from './library.js';
import { MessagesView } from './messages-view.js';
import { notify } from './notices.js';
import { Pane } from './panes.js';
import { Setup } from './setup.js';
import { Sidebar } from './sidebar.js';
import { Store } from './store.js';
import { bindTheme } from './theme.js';
import { readTools } from './tools.js';

const byId = id => document.getElementById(id);

let closeStorageNotice = null;
let models = [];
let model = null;
let shown = null;

const store = new Store(openStorage(), error => {
    if (!error) {
        closeStorageNotice?.();
        closeStorageNotice = null;
    } else {
        closeStorageNotice ??= notify('The browser’s storage is full or not allowed. What is new stays only until this page is closed: export it, or delete conversations.',
            { isError: true, stays: true, action: { label: 'Export all', run: () => library.exportAll() } });
    }
});
const announcer = new Announcer(text => byId('spoken').textContent = text);
const library = new Library(store, render);
const chat = new Chat({
    stream: replyTo,
    settings: conversation => ({ model, tools: readTools(conversation.tools).tools ?? [] }),
    save: conversation => library.save(conversation),
    changed,
});
library.watch(conversation => chat.isRunning(conversation));
const dialogs = bindDialogs(store);
const setup = new Setup({ changed: setupChanged, askKey });
const messages = new MessagesView({
    edit: (id, text) => begin(() => chat.edit(library.current, id, text), true),
    answer: (id, results) => begin(() => chat.answer(library.current, id, results)),
    regenerate: id => begin(() => chat.regenerate(library.current, id)),
    continue: id => begin(() => chat.continue(library.current, id)),
    remove: removeMessage,
    step,
    keepAnswers(id, answers) {
        library.current.get(id).answers = answers;
        library.saveSoon(library.current);
    },
    askKey: id => askKey(() => begin(() => chat.regenerate(library.current, id))),
    say: text => notify(text),
}, useExample);
const composer = new Composer({ send, stop, drafted, editLast, openSetup, rest });
const sidebar = new Sidebar({
    open(conversation) {
        library.open(conversation);
        closeOverlays();
        rest();
    },
    rename: (conversation, title) => library.rename(conversation, title),
    remove(conversation) {
        chat.stop(conversation);
        library.remove(conversation);
        byId('new-chat').focus();
    },
    exportOne: conversation => library.exportOne(conversation),
});
const panes = {
    conversations: new Pane('conversations', { opener: byId('show-conversations'), closer: byId('close-conversations'), wideFrom: '50rem', opensWide: true, store }),
    setup: new Pane('setup', { opener: byId('show-setup'), closer: byId('close-setup'), wideFrom: '75rem', opensWide: false, store }),
};

byId('show-conversations').append(icon('menu'));
byId('close-conversations').append(icon('close'));
byId('close-setup').append(icon('close'));
byId('new-chat').addEventListener('click', newChat);
byId('export-all').addEventListener('click', () => library.exportAll());
byId('import').addEventListener('click', () => byId('import-file').click());
byId('import-file').addEventListener('change', async event => {
    const [file] = event.target.files;
    event.target.value = '';
    if (file)
        await library.importFile(file);
});
byId('show-shortcuts').addEventListener('click', () => dialogs.showShortcuts());
bindTheme(byId('theme'));
document.addEventListener('keydown', onKey);
addEventListener('beforeunload', event => store.hasUnsaved && event.preventDefault());

render();
connect();
rest();

function openStorage() {
    try {
        return localStorage;
    } catch {
        // Reading the property throws where storage is forbidden; every use of null then counts as a failed write.
        return null;
    }
}

function render() {
    const { current, conversations } = library;
    const busy = chat.isRunning(current);
    byId('title').textContent = current.name;
    document.title = current.isEmpty ? 'Chat' : `${current.name} – Chat`;
    if (shown !== current) {
        shown = current;
        announcer.reset();
        setup.show(current);
    }
    messages.render(current, busy);
    composer.render(current, busy);
    sidebar.render(conversations, current, conversation => chat.isRunning(conversation));
}

async function* replyTo(body, signal) {
    if (body.model === null) {
        // The server could not be reached before; it may have started since.
        await connect();
        body.model = model;
    }
    yield* streamChat(body, { key: store.key, signal });
}

/** A conversation's tree changed; with text, only the reply that is arriving. */
function changed(conversation, node, text) {
    const isCurrent = conversation === library.current;
    if (text !== undefined) {
        if (isCurrent) {
            messages.grow(node.id);
            announcer.add(text);
        }
        return;
    }
    render();
    if (isCurrent && node)
        announce(node);
    if (node?.error?.status === 401 && isCurrent)
        askKey(() => begin(() => chat.regenerate(conversation, node.id)));
}

function announce({ state, calls, error }) {
    if (state === 'streaming')
        announcer.end('The model replies.');
    else if (state === 'done')
        announcer.end(calls?.length > 0 ? `The model calls ${calls.map(call => call.name).join(' and ')}.` : 'End of the reply.');
    else if (state === 'stopped')
        announcer.end('Stopped.');
    else
        announcer.end(error?.message ?? '');
}

/** Runs an action that lets the model speak, unless a setting must be put right first. */
function begin(action, movesFocus = false) {
    if (chat.isRunning(library.current)) {
        notify('A reply is still arriving: wait, or stop it.');
        return false;
    }
    const { invalid } = setup;
    if (invalid) {
        panes.setup.open();
        invalid.focus();
        notify('A setting must be put right first.', { isError: true });
        return false;
    }
    messages.toEnd();
    action();
    if (movesFocus || document.activeElement === document.body)
        rest();
    return true;
}

function send(text) {
    if (messages.unanswered) {
        messages.unanswered.focusAnswer();
        notify('The model waits for the result of its call.');
        return false;
    }
    return begin(() => {
        library.current.draft = '';
        chat.send(library.current, text);
    });
}

function stop() {
    chat.stop(library.current);
}

function drafted(text) {
    if (library.current.draft === text)
        return;
    library.current.draft = text;
    library.saveSoon(library.current);
}

function editLast() {
    const last = library.current.path().findLast(node => node.role === 'user');
    if (last)
        messages.view(last.id).edit();
}

function step(id, places, action) {
    const sibling = library.current.step(id, places);
    library.save(library.current);
    render();
    messages.view(sibling.id).focusAction(action);
}

function removeMessage(id) {
    const conversation = library.current;
    const removed = chat.remove(conversation, id);
    const follow = removed.nodes.length - 1;
    notify(follow === 0 ? 'The message was deleted.' : `The message and ${follow} after it were deleted.`, {
        action: {
            label: 'Undo',
            run() {
                conversation.restore(removed);
                library.save(conversation);
                render();
            },
        },
    });
    rest();
}

/** Where the focus goes when what had it is gone. On a touch screen the box would bring up the keyboard. */
function rest() {
    if (matchMedia('(pointer: coarse)').matches)
        messages.focusLast();
    else
        composer.focus();
}

function setupChanged() {
    library.saveSoon(library.current);
    composer.render(library.current, chat.isRunning(library.current));
}

function openSetup(section) {
    panes.setup.open();
    setup.focus(section);
}

function useExample({ question, contexts = [], tools = '' }) {
    const { current } = library;
    Object.assign(current, { contexts: [...contexts], tools, draft: question });
    library.save(current);
    shown = null;
    composer.write(question);
    render();
    composer.focus();
}

function newChat() {
    library.create();
    closeOverlays();
    composer.focus();
}

function closeOverlays() {
    for (const pane of Object.values(panes)) {
        if (pane.isOverlay)
            pane.close();
    }
}

async function connect() {
    const place = byId('connection');
    place.replaceChildren(element('span', { class: 'note' }, 'Connecting…'));
    try {
        models = await listModels(store.key);
    } catch (error) {
        if (error.status === 401)
            askKey();
        place.replaceChildren(button(error.status === 401 ? 'Key needed' : 'Not connected: try again', () => error.status === 401 ? askKey() : connect(), { class: 'warning', title: error.message }));
        return;
    }
    model = models.find(name => name === store.preference('model')) ?? models[0] ?? null;
    if (models.length < 2) {
        place.replaceChildren(element('span', { class: 'note' }, model ?? 'no model'));
        return;
    }
    const select = element('select', {
        'aria-label': 'Model',
        onchange() {
            model = select.value;
            store.setPreference('model', model);
        },
    }, ...models.map(name => element('option', { value: name, selected: name === model }, name)));
    place.replaceChildren(select);
}

async function askKey(then = null) {
    const wasGiven = await dialogs.askKey();
    if (!wasGiven)
        return;
    await connect();
    then?.();
}

function onKey(event) {
    if (document.querySelector('dialog[open]'))
        return;
    const isText = event.target.matches('input, textarea, select');
    if (event.key === 'Escape') {
        if (Object.values(panes).some(pane => pane.isOverlay))
            closeOverlays();
        else
            stop();
    } else if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        newChat();
    } else if (event.key === '?' && !isText) {
        event.preventDefault();
        dialogs.showShortcuts();
    }
}
