/** The sampling settings: the request's field, what the page says of it, its default (null: none), and how its text is read. */
export const samplingFields = [
    { name: 'temperature', label: 'Temperature', standard: 0.8, hint: '0 is greedy', read: number(0, 100) },
    { name: 'top_k', label: 'Top k', standard: 40, hint: '0 is off', read: integer(0, 1_000_000) },
    { name: 'top_p', label: 'Top p', standard: 0.95, hint: '0 to 1; 1 is off', read: number(0, 1) },
    { name: 'min_p', label: 'Min p', standard: 0.05, hint: '0 to 1; 0 is off', read: number(0, 1) },
    { name: 'repeat_penalty', label: 'Repeat penalty', standard: 1, hint: '1 is off', read: number(0.01, 100) },
    { name: 'presence_penalty', label: 'Presence penalty', standard: 0, hint: '−2 to 2', read: number(-2, 2) },
    { name: 'frequency_penalty', label: 'Frequency penalty', standard: 0, hint: '−2 to 2', read: number(-2, 2) },
    { name: 'max_tokens', label: 'Most tokens', standard: null, placeholder: 'no limit', read: integer(1, 10_000_000) },
    { name: 'seed', label: 'Seed', standard: null, placeholder: 'random', read: integer(0, Number.MAX_SAFE_INTEGER) },
    { name: 'stop', label: 'Stop texts', standard: null, placeholder: 'none', hint: 'one a line; \\n is a line break', lines: true, read: stopTexts },
];

/** What settings, as typed, add to a request. Defaults are sent too, so that what is shown is what applies. */
export function samplingRequest(sampling) {
    const request = {};
    for (const { name, standard, read } of samplingFields) {
        const value = sampling[name] === undefined ? standard : read(sampling[name]).value;
        if (value !== null)
            request[name] = value;
    }
    return request;
}

function number(least, most) {
    return text => {
        const value = Number(text);
        if (text.trim() === '')
            return { value: null };
        return value >= least && value <= most ? { value } : { error: `must be a number from ${least} to ${most}` };
    };
}

function integer(least, most) {
    return text => {
        const value = Number(text);
        if (text.trim() === '')
            return { value: null };
        return Number.isInteger(value) && value >= least && value <= most ? { value } : { error: `must be a whole number from ${least} to ${most}` };
    };
}

function stopTexts(text) {
    const value = text.split('\n').filter(line => line !== '').map(line => line.replaceAll('\\n', '\n'));
    return { value: value.length > 0 ? value : null };
}
