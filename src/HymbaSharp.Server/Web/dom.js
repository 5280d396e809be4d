/** Makes an element. Attributes that are null or false are left out; names that begin with "on" are listeners. */
export function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith('on'))
            made.addEventListener(name.slice(2), value);
        else if (value !== null && value !== undefined && value !== false)
            made.setAttribute(name, value === true ? '' : value);
    }
    made.append(...children.filter(child => child !== null && child !== undefined && child !== false));
    return made;
}

export function button(label, onclick, attributes = {}) {
    return element('button', { type: 'button', onclick, ...attributes }, label);
}

/** A button that shows an icon; its label is read out and shown on hover. */
export function iconButton(name, label, onclick, attributes = {}) {
    return element('button', { type: 'button', class: 'icon', 'aria-label': label, title: label, onclick, ...attributes }, icon(name));
}

const paths = {
    copy: 'M9 9h10v10H9zM5 15V5h10',
    edit: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
    again: 'M19 12a7 7 0 1 1-2-5M19 4v4h-4',
    remove: 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12',
    back: 'M14 7l-5 5 5 5',
    forward: 'M10 7l5 5-5 5',
    close: 'M6 6l12 12M18 6L6 18',
    menu: 'M5 7h14M5 12h14M5 17h14',
    save: 'M12 5v10M8 11l4 4 4-4M5 19h14',
};

export function icon(name) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', paths[name]);
    svg.append(path);
    return svg;
}

/** Lets a text field grow with its text, up to the height that its style allows. */
export function growing(textarea) {
    const fit = () => {
        textarea.style.height = 'auto';
        textarea.style.height = `${textarea.scrollHeight + 2}px`;
    };
    textarea.addEventListener('input', fit);
    // What is not shown yet has no height, and another width breaks lines elsewhere. The height is left to the person.
    let width = 0;
    new ResizeObserver(() => {
        if (textarea.clientWidth !== width)
            fit();
        width = textarea.clientWidth;
    }).observe(textarea);
    return textarea;
}

/** Puts text on the clipboard, also where the page is not served over HTTPS and has no clipboard of its own. */
export async function copyText(text) {
    if (navigator.clipboard)
        return navigator.clipboard.writeText(text);
    const focused = document.activeElement;
    const field = element('textarea', { class: 'hidden', 'aria-hidden': 'true' });
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand('copy');
    field.remove();
    focused?.focus();
    if (!copied)
        throw new Error('The browser does not allow copying.');
}

export function download(name, text) {
    const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    element('a', { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
