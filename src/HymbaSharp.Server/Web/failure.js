import { button, element } from './dom.js';

/** How a reply ended before its end, and what can be done: {retry, goOn, askKey}, where they make sense. */
export function failureCard(error, { retry, goOn, askKey, isQuiet }) {
    const details = [error.status ? `status ${error.status}` : null, error.type, error.code, error.param ? `parameter ${error.param}` : null].filter(Boolean);
    const again = retry && button('Retry', retry);
    const card = element('div', { class: isQuiet ? 'card quiet-card' : 'card error-card' },
        element('p', {}, error.message),
        details.length > 0 && element('p', { class: 'note' }, details.join(' · ')),
        element('div', { class: 'row' },
            goOn && button('Continue', goOn),
            again,
            error.status === 401 && askKey && button('Enter a key', askKey)));
    if (again && error.retryAt > Date.now())
        countDown(again, error.retryAt);
    return card;
}

function countDown(retry, until) {
    const show = () => {
        const seconds = Math.ceil((until - Date.now()) / 1000);
        retry.disabled = seconds > 0;
        retry.textContent = seconds > 0 ? `Retry in ${seconds} s` : 'Retry';
        if (seconds <= 0)
            clearInterval(timer);
    };
    const timer = setInterval(() => retry.isConnected ? show() : clearInterval(timer), 250);
    show();
}
