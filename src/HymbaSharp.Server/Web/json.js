/** Where text stops being JSON. Browsers word this differently, and not all say where. */
export function describeJsonError(text) {
    const { at, expected } = findJsonError(text);
    const before = text.slice(0, at).split('\n');
    const found = at >= text.length ? 'the end of the text' : `"${[...text.slice(at, at + 2)][0]}"`;
    return `This is not JSON: line ${before.length}, column ${before.at(-1).length + 1} has ${found} where ${expectations[expected]} must be.`;
}

const tokens = /[ \t\n\r]*(?:([[\]{},:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/y;

const expectations = {
    'value': 'a value',
    'first item': 'a value or "]"',
    'key': 'a name in double quotes',
    'first key': 'a name in double quotes or "}"',
    'colon': '":"',
    'next': '"," or a closing bracket',
    'end': 'the end',
};

function findJsonError(text) {
    const open = [];
    let expected = 'value';
    let start = 0;
    while (true) {
        tokens.lastIndex = start;
        const found = tokens.exec(text);
        const next = found && after(expected, found, open);
        if (!next) {
            const at = start + /^[ \t\n\r]*/.exec(text.slice(start))[0].length;
            return { at, expected: expected === 'next' && open.length === 0 ? 'end' : expected };
        }
        expected = next;
        start = tokens.lastIndex;
    }
}

/** What is expected after a token, or null where the token is not what was. `open` are the brackets around it. */
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
            if (takesValue)
                open.push(sign);
            return !takesValue ? null : sign === '[' ? 'first item' : 'first key';
        default:
            return closes(sign, expected, open) ? (open.pop(), 'next') : null;
    }
}

function closes(sign, expected, open) {
    return open.at(-1) === (sign === ']' ? '[' : '{') && (expected === 'next' || expected === (sign === ']' ? 'first item' : 'first key'));
}
