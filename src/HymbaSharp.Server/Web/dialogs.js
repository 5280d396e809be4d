/** The page's dialogs. `askKey` gives whether a key was saved; asked twice at once, both get the one answer. */
export function bindDialogs(store) {
    const keyDialog = document.getElementById('key-dialog');
    const keyField = document.getElementById('key');
    const shortcuts = document.getElementById('shortcuts-dialog');
    let asking = null;

    document.getElementById('key-cancel').addEventListener('click', () => keyDialog.close());
    document.getElementById('shortcuts-close').addEventListener('click', () => shortcuts.close());
    keyDialog.querySelector('form').addEventListener('submit', event => {
        event.preventDefault();
        store.key = keyField.value.trim();
        keyDialog.close('saved');
    });

    return {
        showShortcuts: () => shortcuts.showModal(),
        askKey() {
            asking ??= new Promise(resolve => {
                keyField.value = store.key;
                keyDialog.returnValue = '';
                document.getElementById('key-reason').textContent = store.key === ''
                    ? 'This server asks for a key.'
                    : 'The key that is sent to this server. One that is refused is wrong or no longer valid.';
                keyDialog.addEventListener('close', () => {
                    asking = null;
                    resolve(keyDialog.returnValue === 'saved');
                }, { once: true });
                keyDialog.showModal();
            });
            return asking;
        },
    };
}
