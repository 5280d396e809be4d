/*
 * Markdown to a tree of plain objects, which the page turns into elements: no text of a model is ever read as HTML.
 * What chat models write is covered; indented code, underlined headings, HTML and references are text.
 */
import { parseInline } from './inline.js';

const maxNesting = 12;

/**
 * Blocks: {type: 'paragraph', inline}, {type: 'heading', level, inline}, {type: 'code', language, text}, {type: 'rule'},
 * {type: 'quote', blocks}, {type: 'list', ordered, start, loose, items: [blocks]},
 * {type: 'table', align, head: [inline], rows: [[inline]]}. Each has its source: equal sources mean equal blocks.
 */
export function parseMarkdown(text) {
    return parseBlocks(text.replace(/\r\n?/g, '\n').split('\n'), 0);
}

function parseBlocks(lines, depth) {
    const blocks = [];
    let at = 0;
    while (at < lines.length) {
        if (isBlank(lines[at])) {
            at++;
            continue;
        }
        const reader = depth >= maxNesting ? readRest : readerOf(lines, at);
        const [block, end] = reader(lines, at, depth);
        block.source = lines.slice(at, end).join('\n');
        blocks.push(block);
        at = end;
    }
    return blocks;
}

function readerOf(lines, at) {
    const line = lines[at];
    if (fence(line))
        return readCode;
    if (/^ {0,3}#{1,6}(?:[ \t]|$)/.test(line))
        return readHeading;
    if (isRule(line))
        return (_, i) => [{ type: 'rule' }, i + 1];
    if (/^ {0,3}>/.test(line))
        return readQuote;
    if (marker(line))
        return readList;
    return startsTable(lines, at) ? readTable : readParagraph;
}

/** Whether this line ends a paragraph before it. A number other than 1 may be the rest of a sentence. */
function interrupts(lines, at) {
    const item = marker(lines[at]);
    if (item && !isRule(lines[at]))
        return item.rest.trim() !== '' && (!item.ordered || item.start === 1);
    return readerOf(lines, at) !== readParagraph;
}

function readRest(lines, at) {
    return [{ type: 'paragraph', inline: [lines.slice(at).join('\n')] }, lines.length];
}

function readParagraph(lines, at) {
    let end = at + 1;
    while (end < lines.length && !isBlank(lines[end]) && !interrupts(lines, end))
        end++;
    return [{ type: 'paragraph', inline: parseInline(lines.slice(at, end).join('\n').trim()) }, end];
}

function readHeading(lines, at) {
    const line = lines[at].trim();
    const level = /^#+/.exec(line)[0].length;
    let end = line.length;
    while (end > level && line[end - 1] === '#')
        end--;
    const closed = end === level || /[ \t]/.test(line[end - 1]);
    return [{ type: 'heading', level, inline: parseInline(line.slice(level, closed ? end : line.length).trim()) }, at + 1];
}

function fence(line) {
    const found = /^ {0,3}(`{3,}|~{3,})/.exec(line);
    if (!found)
        return null;
    const info = line.slice(found[0].length).trim();
    return found[1][0] === '`' && info.includes('`') ? null : { mark: found[1], info };
}

function readCode(lines, at) {
    const { mark, info } = fence(lines[at]);
    const indent = indentOf(lines[at]);
    const text = [];
    let end = at + 1;
    for (; end < lines.length; end++) {
        const closing = fence(lines[end]);
        if (closing && closing.info === '' && closing.mark.startsWith(mark))
            break;
        text.push(strip(lines[end], indent));
    }
    return [{ type: 'code', language: info.split(/\s/)[0], text: text.join('\n') }, Math.min(end + 1, lines.length)];
}

function readQuote(lines, at, depth) {
    const content = [];
    let end = at;
    for (; end < lines.length; end++) {
        const mark = /^ {0,3}> ?/.exec(lines[end]);
        if (mark)
            content.push(lines[end].slice(mark[0].length));
        else if (isBlank(lines[end]) || isBlank(content.at(-1)) || interrupts(lines, end))
            break;
        else
            content.push(lines[end]);
    }
    return [{ type: 'quote', blocks: parseBlocks(content, depth + 1) }, end];
}

/** The mark that begins a list's item, and the columns where it and its text stand. */
function marker(line) {
    const found = /^([ \t]*)([-*+]|(\d{1,9})[.)])([ \t]{1,4}|$)/.exec(line);
    if (!found || isRule(line))
        return null;
    const indent = indentOf(line);
    return {
        indent,
        ordered: found[3] !== undefined,
        sign: found[2].at(-1),
        start: Number(found[3] ?? 1),
        offset: indent + found[2].length + Math.max(1, found[4].length),
        rest: line.slice(found[0].length),
    };
}

function readList(lines, at, depth) {
    const first = marker(lines[at]);
    const list = { type: 'list', ordered: first.ordered, start: first.start, loose: false, items: [] };
    let end = at;
    while (end < lines.length) {
        const item = marker(lines[end]);
        if (!item || item.sign !== first.sign || item.indent >= first.indent + 2)
            break;
        const [content, next] = readItem(lines, end, item);
        const length = content.findLastIndex(line => !isBlank(line)) + 1;
        const blocks = parseBlocks(content.slice(0, length), depth + 1);
        const following = next < lines.length && marker(lines[next])?.sign === first.sign;
        list.loose ||= (following && length < content.length) || blocks.filter(block => block.type === 'paragraph').length > 1;
        list.items.push(blocks);
        end = next;
    }
    return [list, end];
}

// Models often indent by two columns whatever the marker's width, so two make a line part of the item.
function readItem(lines, at, item) {
    const content = [item.rest];
    let end = at + 1;
    for (; end < lines.length; end++) {
        const line = lines[end];
        if (isBlank(line))
            content.push('');
        else if (indentOf(line) >= item.indent + 2)
            content.push(strip(line, item.offset));
        else if (isBlank(content.at(-1)) || marker(line) || interrupts(lines, end))
            break;
        else
            content.push(line);
    }
    return [content, end];
}

function startsTable(lines, at) {
    if (!lines[at].includes('|') || at + 1 >= lines.length || !/^[ \t]*[|:-]/.test(lines[at + 1]))
        return false;
    const rule = cells(lines[at + 1]);
    return rule.every(cell => /^:?-+:?$/.test(cell)) && rule.length === cells(lines[at]).length;
}

function readTable(lines, at) {
    const head = cells(lines[at]);
    const align = cells(lines[at + 1]).map(cell => cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : 'left');
    const rows = [];
    let end = at + 2;
    for (; end < lines.length && lines[end].includes('|'); end++)
        rows.push(cells(lines[end]).slice(0, head.length).map(parseInline));
    return [{ type: 'table', align, head: head.map(parseInline), rows }, end];
}

function cells(line) {
    let row = line.trim();
    if (row.startsWith('|'))
        row = row.slice(1);
    if (row.endsWith('|') && !row.endsWith('\\|'))
        row = row.slice(0, -1);
    return row.split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|'));
}

function isBlank(line) {
    return line.trim() === '';
}

function isRule(line) {
    return /^[ \t]*[-*_]/.test(line) && /^(?:-{3,}|\*{3,}|_{3,})$/.test(line.replace(/[ \t]/g, ''));
}

function indentOf(line) {
    let columns = 0;
    for (const character of line) {
        if (character !== ' ' && character !== '\t')
            break;
        columns += character === '\t' ? 4 : 1;
    }
    return columns;
}

/** The line without so many columns of its indentation. */
function strip(line, columns) {
    let at = 0;
    for (let left = columns; left > 0 && (line[at] === ' ' || line[at] === '\t'); at++)
        left -= line[at] === '\t' ? 4 : 1;
    return line.slice(at);
}
