/** Where text stops being JSON. Browsers word this differently, and not all say where. */
export function describeJsonError(text) {
    const at = jsonErrorAt(text);
    const before = text.slice(0, at).split('\n');
    const found = at >= text.length ? 'the end of the text' : `"${[...text.slice(at, at + 2)][0]}"`;
    return `This is not JSON: line ${before.length}, column ${before.at(-1).length + 1} has ${found} where something else must be.`;
}

const tokens = /[ \t\n\r]*(?:([[\]{},:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/y;

function jsonErrorAt(text) {
    const open = [];
    // What may come next: a value, a value or the end of a list, a key, a key or the end of an object, a colon, or what follows a value.
    let expected = 'value';
    tokens.lastIndex = 0;
    while (true) {
        const start = tokens.lastIndex;
        const found = tokens.exec(text);
        const at = start + /^[ \t\n\r]*/.exec(text.slice(start))[0].length;
        if (!found || (expected = after(expected, found, open)) === null)
            return at;
    }
}

function after(expected, [, sign, string, scalar], open) {
    const takesValue = expected === 'value' || expected === 'first item';
    if (string !== undefined && (expected === 'key' || expected === 'first key'))
        return 'colon';
    if (string !== undefined || scalar !== undefined)
        return takesValue ? 'next' : null;
    switch (sign) {
        case ':':
            return expected === 'colon' ? 'value' : null;
        case ',':
            return expected !== 'next' || open.length === 0 ? null : open.at(-1) === '[' ? 'value' : 'key';
        case '[': case '{':
            open.push(sign);
            return !takesValue ? null : sign === '[' ? 'first item' : 'first key';
        default:
            return (expected === 'next' || expected === (sign === ']' ? 'first item' : 'first key')) && open.pop() === (sign === ']' ? '[' : '{') ? 'next' : null;
    }
}
