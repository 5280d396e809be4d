/*
 * Markdown within a paragraph: emphasis, code, links, line breaks. Every step looks at a character a bounded number of times,
 * so that hostile text costs time in proportion to its length, and nesting is bounded for those who walk the result.
 */

const maxNesting = 24;
const maxParentheses = 8;

/**
 * Text to a list of strings and nodes: {type: 'strong' | 'emphasis' | 'strike', children}, {type: 'link', href, children},
 * {type: 'code', text}, {type: 'break'}.
 */
export function parseInline(text) {
    return new InlineParser(text).parse();
}

/** The address in its normal form where a link to it may be shown: http and https only; else null. */
export function safeAddress(address) {
    if (!/^https?:\/\//i.test(address) || /[\s\p{Cc}\p{Cf}]/u.test(address))
        return null;
    try {
        return new URL(address).href;
    } catch {
        return null;
    }
}

class InlineParser {
    #text;
    #at = 0;
    #tokens = [];
    #delimiters = [];
    #brackets = [];
    #backticks = null;

    constructor(text) {
        this.#text = text;
    }

    parse() {
        while (this.#at < this.#text.length)
            this.#step();
        match(this.#delimiters);
        return build(this.#tokens);
    }

    #step() {
        const plain = this.#take(/[^\\`*_~[\]!<hH\n]+/y);
        if (plain) {
            this.#tokens.push(plain[0]);
            return;
        }
        switch (this.#text[this.#at]) {
            case '\\': return this.#escape();
            case '`': return this.#code();
            case '*': case '_': case '~': return this.#delimiter();
            case '[': return this.#openBracket(1);
            case '!': return this.#text[this.#at + 1] === '[' ? this.#openBracket(2) : this.#literal(1);
            case ']': return this.#closeBracket();
            case '<': return this.#angleLink();
            case '\n': return this.#lineBreak();
            default: return this.#bareLink();
        }
    }

    #take(sticky) {
        sticky.lastIndex = this.#at;
        const found = sticky.exec(this.#text);
        if (found)
            this.#at = sticky.lastIndex;
        return found;
    }

    #literal(length) {
        this.#tokens.push(this.#text.slice(this.#at, this.#at + length));
        this.#at += length;
    }

    #escape() {
        const escaped = this.#take(/\\([!-/:-@[-`{-~])/y);
        if (escaped)
            this.#tokens.push(escaped[1]);
        else if (this.#text[this.#at + 1] === '\n')
            this.#at++;
        else
            this.#literal(1);
    }

    #code() {
        const run = this.#take(/`+/y)[0];
        const end = this.#nextBackticks(run.length);
        if (end < 0) {
            this.#tokens.push(run);
            return;
        }
        let text = this.#text.slice(this.#at, end).replaceAll('\n', ' ');
        if (text.startsWith(' ') && text.endsWith(' ') && text.trim() !== '')
            text = text.slice(1, -1);
        this.#tokens.push({ type: 'code', text });
        this.#at = end + run.length;
    }

    /** Where the next run of so many backticks begins. Runs are listed once by length, so that no text is searched twice. */
    #nextBackticks(length) {
        if (!this.#backticks) {
            this.#backticks = new Map();
            for (const run of this.#text.matchAll(/`+/g)) {
                const runs = this.#backticks.get(run[0].length) ?? { starts: [], next: 0 };
                runs.starts.push(run.index);
                this.#backticks.set(run[0].length, runs);
            }
        }
        const runs = this.#backticks.get(length);
        if (!runs)
            return -1;
        while (runs.next < runs.starts.length && runs.starts[runs.next] < this.#at)
            runs.next++;
        return runs.starts[runs.next] ?? -1;
    }

    #delimiter() {
        const start = this.#at;
        const run = this.#take(/\*+|_+|~+/y)[0];
        const mark = run[0];
        if (mark === '~' && run.length !== 2) {
            this.#tokens.push(run);
            return;
        }
        const before = kindOf(this.#text[start - 1]);
        const after = kindOf(this.#text[this.#at]);
        const opens = after !== 'space' && (after !== 'punctuation' || before !== 'word');
        const closes = before !== 'space' && (before !== 'punctuation' || after !== 'word');
        const delimiter = {
            mark,
            length: run.length,
            left: run.length,
            canOpen: mark === '_' ? opens && (!closes || before === 'punctuation') : opens,
            canClose: mark === '_' ? closes && (!opens || after === 'punctuation') : closes,
            opened: [],
            closed: 0,
        };
        this.#tokens.push(delimiter);
        this.#delimiters.push(delimiter);
    }

    #openBracket(length) {
        this.#brackets.push({ token: this.#tokens.length, delimiter: this.#delimiters.length });
        this.#literal(length);
    }

    #closeBracket() {
        const bracket = this.#brackets.pop();
        if (!bracket) {
            this.#literal(1);
            return;
        }
        const target = this.#target(this.#at + 1);
        const href = target && safeAddress(target.address);
        if (!href) {
            this.#literal(1);
            return;
        }
        match(this.#delimiters.splice(bracket.delimiter));
        const children = build(this.#tokens.splice(bracket.token).slice(1)).flatMap(node => node.type === 'link' ? node.children : [node]);
        this.#tokens.push({ type: 'link', href, children: children.length > 0 ? children : [href] });
        this.#at = target.end;
        // Links hold no links: brackets that are still open are text.
        this.#brackets = [];
    }

    /** What stands in parentheses after a link's text: its address and where it ends. A title is read and dropped. */
    #target(start) {
        const text = this.#text;
        if (text[start] !== '(')
            return null;
        let at = start + 1;
        let depth = 0;
        for (; at < text.length && !/\s/.test(text[at]); at++) {
            if (text[at] === '(' && ++depth > maxParentheses)
                return null;
            if (text[at] === ')' && depth-- === 0)
                return { address: unwrap(text.slice(start + 1, at)), end: at + 1 };
        }
        const title = /\s+"[^"]*"\)/y;
        title.lastIndex = at;
        return depth === 0 && title.test(text) ? { address: unwrap(text.slice(start + 1, at)), end: title.lastIndex } : null;
    }

    #angleLink() {
        const start = this.#at;
        const found = this.#take(/<(https?:\/\/[^\s<>]*)>/iy);
        const href = found && safeAddress(found[1]);
        if (href) {
            this.#tokens.push({ type: 'link', href, children: [found[1]] });
            return;
        }
        this.#at = start;
        this.#literal(1);
    }

    #bareLink() {
        const start = this.#at;
        const inWord = start > 0 && kindOf(this.#text[start - 1]) === 'word';
        const found = inWord ? null : this.#take(/https?:\/\/[^\s<>[\]`"]+/iy);
        const address = found && trimAddress(found[0]);
        const href = address && safeAddress(address);
        if (href) {
            this.#tokens.push({ type: 'link', href, children: [address] });
            this.#at = start + address.length;
            return;
        }
        this.#at = start;
        this.#literal(1);
    }

    #lineBreak() {
        const last = this.#tokens.length - 1;
        if (typeof this.#tokens[last] === 'string')
            this.#tokens[last] = this.#tokens[last].trimEnd();
        this.#tokens.push({ type: 'break' });
        this.#take(/\n[ \t]*/y);
    }
}

function kindOf(character) {
    if (character === undefined || /\s/.test(character))
        return 'space';
    return /[\p{P}\p{S}]/u.test(character) ? 'punctuation' : 'word';
}

function unwrap(address) {
    return address.startsWith('<') && address.endsWith('>') ? address.slice(1, -1) : address;
}

/** A bare address without the sentence's punctuation after it. */
function trimAddress(address) {
    let end = address.length;
    let unclosed = 0;
    for (const character of address)
        unclosed += character === '(' ? 1 : character === ')' ? -1 : 0;
    for (; end > 0; end--) {
        const last = address[end - 1];
        if (last === ')' && unclosed < 0)
            unclosed++;
        else if (!/[.,;:!?'*_~]/.test(last))
            break;
    }
    return address.slice(0, end);
}

/** Pairs openers with closers as CommonMark does. What a kind of closer has searched in vain is not searched again. */
function match(delimiters) {
    const stack = [];
    const searched = new Map();
    for (const closer of delimiters) {
        const kind = `${closer.mark}${closer.canOpen}${closer.length % 3}`;
        while (closer.canClose && closer.left > 0) {
            const floor = searched.get(kind) ?? 0;
            let at = stack.length - 1;
            while (at >= floor && !pairs(stack[at], closer))
                at--;
            if (at < floor) {
                searched.set(kind, stack.length);
                break;
            }
            const opener = stack[at];
            stack.length = opener.left > used(opener, closer) ? at + 1 : at;
            for (const [other, height] of searched)
                searched.set(other, Math.min(height, stack.length));
            pair(opener, closer);
        }
        if (closer.canOpen && closer.left > 0)
            stack.push(closer);
    }
}

function pairs(opener, closer) {
    const eitherDoesBoth = opener.canClose || closer.canOpen;
    const sumOfThree = (opener.length + closer.length) % 3 === 0 && (opener.length % 3 !== 0 || closer.length % 3 !== 0);
    return opener.mark === closer.mark && !(eitherDoesBoth && sumOfThree);
}

function used(opener, closer) {
    return opener.left >= 2 && closer.left >= 2 ? 2 : 1;
}

function pair(opener, closer) {
    const count = used(opener, closer);
    opener.opened.push(opener.mark === '~' ? 'strike' : count === 2 ? 'strong' : 'emphasis');
    closer.closed++;
    opener.left -= count;
    closer.left -= count;
}

/** Tokens with their pairs to a tree. Deeper than the bound, marks are dropped and their text stays. */
function build(tokens) {
    const open = [[]];
    const add = node => {
        const children = open.at(-1);
        if (typeof node === 'string' && typeof children.at(-1) === 'string')
            children[children.length - 1] += node;
        else if (node !== '')
            children.push(node);
    };
    for (const token of tokens) {
        if (!token.mark) {
            add(token);
            continue;
        }
        open.length -= token.closed;
        add(token.mark.repeat(token.left));
        for (const type of token.opened.reverse()) {
            const children = open.length > maxNesting ? open.at(-1) : [];
            if (open.length <= maxNesting)
                add({ type, children });
            open.push(children);
        }
    }
    return open[0];
}
