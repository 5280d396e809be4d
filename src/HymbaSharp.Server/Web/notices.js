import { button, element, iconButton } from './dom.js';

const shownFor = 8000;
const place = document.getElementById('notices');

/** Shows a line over the page for some seconds, or until it is closed where it stays. `action` is {label, run}. */
export function notify(text, { action = null, stays = false, isError = false } = {}) {
    const notice = element('div', { class: isError ? 'notice error' : 'notice', role: isError ? 'alert' : 'status' });
    const close = () => notice.remove();
    place.append(notice);
    // A live region is read out when it changes, not when it appears.
    notice.append(element('p', {}, text));
    if (action) {
        notice.append(button(action.label, () => {
            close();
            action.run();
        }));
    }
    notice.append(iconButton('close', 'Close', close));
    if (!stays)
        setTimeout(() => notice.matches(':focus-within') ? notice.addEventListener('focusout', close, { once: true }) : close(), shownFor);
    return close;
}
