import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMarkdown } from '../../src/HymbaSharp.Server/Web/markdown.js';
import { parseInline, safeAddress } from '../../src/HymbaSharp.Server/Web/inline.js';

/** Blocks as compact text, so that an expectation shows the tree at a glance. */
function show(blocks) {
    return blocks.map(block => {
        switch (block.type) {
            case 'paragraph': return `p(${inline(block.inline)})`;
            case 'heading': return `h${block.level}(${inline(block.inline)})`;
            case 'code': return `code[${block.language}](${block.text})`;
            case 'rule': return 'rule';
            case 'quote': return `quote(${show(block.blocks)})`;
            case 'list': return `${block.ordered ? `ol${block.start}` : 'ul'}${block.loose ? '+' : ''}(${block.items.map(show).join(' | ')})`;
            case 'table': return `table[${block.align}](${[block.head, ...block.rows].map(row => row.map(inline).join(' | ')).join(' / ')})`;
        }
    }).join(' ');
}

function inline(nodes) {
    return nodes.map(node => {
        if (typeof node === 'string')
            return node;
        switch (node.type) {
            case 'break': return '⏎';
            case 'code': return `\`${node.text}\``;
            case 'link': return `[${inline(node.children)}](${node.href})`;
            default: return `${node.type}{${inline(node.children)}}`;
        }
    }).join('');
}

function cases(name, read, pairs) {
    test(name, () => {
        for (const [text, expected] of pairs)
            assert.equal(read(text), expected, JSON.stringify(text));
    });
}

const markdown = text => show(parseMarkdown(text));
const line = text => inline(parseInline(text));

cases('blocks', markdown, [
    ['', ''],
    ['One\ntwo\n\nthree', 'p(One⏎two) p(three)'],
    ['# Title #\n###### six\n#no', 'h1(Title) h6(six) p(#no)'],
    ['a\n***\nb', 'p(a) rule p(b)'],
    ['> a\nlazy\n> > b\n\nout', 'quote(p(a⏎lazy) quote(p(b))) p(out)'],
    ['a\r\nb\r\n\r\nc', 'p(a⏎b) p(c)'],
]);

cases('code', markdown, [
    ['```js\nlet a = `1`;\n\n  b\n```\nafter', 'code[js](let a = `1`;\n\n  b) p(after)'],
    ['````\n```\ninner\n```\n````', 'code[](```\ninner\n```)'],
    ['~~~ py x\na\n~~~', 'code[py](a)'],
    ['```\nnot closed yet', 'code[](not closed yet)'],
    ['```', 'code[]()'],
    ['- a\n  ```\n  in\n    deeper\n  ```', 'ul(p(a) code[](in\n  deeper))'],
]);

cases('lists', markdown, [
    ['- a\n- b', 'ul(p(a) | p(b))'],
    ['* a\n\n* b', 'ul+(p(a) | p(b))'],
    ['3. c\n4. d', 'ol3(p(c) | p(d))'],
    ['1) c', 'ol1(p(c))'],
    ['- a\n  - b\n    - c\n- d', 'ul(p(a) ul(p(b) ul(p(c))) | p(d))'],
    ['1. a\n  - b\n2. c', 'ol1(p(a) ul(p(b)) | p(c))'],
    ['- a\ncontinued', 'ul(p(a⏎continued))'],
    ['The year\n1931. It was', 'p(The year⏎1931. It was)'],
    ['Text\n- a', 'p(Text) ul(p(a))'],
    ['- a\n\nb', 'ul(p(a)) p(b)'],
    ['-', 'ul()'],
    ['-5 degrees', 'p(-5 degrees)'],
]);

cases('tables', markdown, [
    ['| a | b |\n|---|:-:|\n| 1 | *2* |\n| 3 |\nend', 'table[left,center](a | b / 1 | emphasis{2} / 3) p(end)'],
    ['a | b\n--- | --:\n1 \\| 2 | 3 | 4', 'table[left,right](a | b / 1 | 2 | 3)'],
    ['a | b\nc | d', 'p(a | b⏎c | d)'],
    ['a | b\n---', 'p(a | b) rule'],
]);

cases('emphasis', line, [
    ['*a* _b_ **c** __d__ ***e*** ~~f~~', 'emphasis{a} emphasis{b} strong{c} strong{d} emphasis{strong{e}} strike{f}'],
    ['**a *b* c**', 'strong{a emphasis{b} c}'],
    ['*a **b* c**', 'emphasis{a emphasis{emphasis{b} c}}'],
    ['*a _b* c_', 'emphasis{a _b} c_'],
    ['snake_case_name 2*3*4', 'snake_case_name 2emphasis{3}4'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['**open', '**open'],
    ['\\*a\\* \\q', '*a* \\q'],
    ['*foo**bar**baz*', 'emphasis{foostrong{bar}baz}'],
]);

cases('code in a line', line, [
    ['`a*b*`', '`a*b*`'],
    ['`` a`b ``', '`a`b`'],
    ['`open', '`open'],
    ['*a `*` b*', 'emphasis{a `*` b}'],
]);

cases('links', line, [
    ['[a *b*](https://x.org/y?z=1 "t")', '[a emphasis{b}](https://x.org/y?z=1)'],
    ['[a](https://x.org/b_(c))', '[a](https://x.org/b_(c))'],
    ['<https://x.org>', '[https://x.org](https://x.org/)'],
    ['see https://x.org/a_b. (http://y.org/)', 'see [https://x.org/a_b](https://x.org/a_b). ([http://y.org/](http://y.org/))'],
    ['**https://x.org**', 'strong{[https://x.org](https://x.org/)}'],
    ['[https://x.org](https://y.org)', '[https://x.org](https://y.org/)'],
    ['![cat](https://x.org/cat.png)', '[cat](https://x.org/cat.png)'],
    ['[a [b](https://x.org) c](https://y.org)', '[a [b](https://x.org/) c](https://y.org)'.replace('(https://y.org)', '([https://y.org](https://y.org/))')],
    ['[a] [b]( [c](', '[a] [b]( [c]('],
    ['xhttps://x.org', 'xhttps://x.org'],
]);

test('hostile addresses make no link', () => {
    const addresses = [
        'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,<script>', 'vbscript:x', 'file:///etc/passwd', '//x.org', '/local', 'java\tscript:alert(1)',
        'https://', 'http://a b', 'https://x.org/\u202egnp', '\u0001https://x.org', 'blob:https://x.org/1', 'https:x',
    ];
    for (const address of addresses) {
        assert.equal(safeAddress(address), null, address);
        for (const text of [`[a](${address})`, `<${address}>`, `![a](${address})`])
            assert.doesNotMatch(JSON.stringify(parseInline(text)), /"href":"(?!https?:\/\/[ax])/, text);
    }
});

test('HTML stays text', () => {
    for (const text of ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '&lt;b&gt;', '<a href="javascript:x">y</a>'])
        assert.equal(markdown(text), `p(${text})`);
    assert.equal(markdown('```"><script>\nx\n```'), 'code["><script>](x)');
});

test('nesting is bounded', () => {
    const depth = node => Array.isArray(node) ? Math.max(0, ...node.map(depth))
        : typeof node === 'object' ? 1 + Math.max(...['blocks', 'items', 'inline', 'children'].map(name => depth(node[name] ?? []))) : 0;
    const hostile = ['>'.repeat(5000) + 'a', '- '.repeat(5000) + 'a', '*a **b '.repeat(5000) + '** c*'.repeat(5000), '['.repeat(5000) + 'a' + '](https://x.org)'.repeat(5000)];
    for (const text of hostile)
        assert.ok(depth(parseMarkdown(text)) < 60, text.slice(0, 20));
});

test('time grows in proportion to the length', () => {
    const patterns = [
        'word ', '*', '_', '*a ', '**a', '*a_ ', 'a**b', '~~', '`', '` `` ``` ', '[', '](', '[a](', '[a](https://x.org) ', '![', '[a](https://x.org/(', '[](x "', '<', '<http://', 'https://x.org) ',
        'http://', '\\', '\n', '> ', '>\n', '- ', '- a\n', '-\n', '  - a\n', '1. a\n\n', '#', '# \n', '|', '|a', 'a|\n', '|-|\n', '| a | b |\n|---|---|\n', '```\n', '``` ', '~~~a\n', ' ', '\t', '---', '- - -\n', 'h', '*a**b_c`d[e](',
    ];
    for (const pattern of patterns) {
        const text = pattern.repeat(Math.ceil(100_000 / pattern.length));
        const started = performance.now();
        parseMarkdown(text);
        const elapsed = performance.now() - started;
        assert.ok(elapsed < 1500, `${JSON.stringify(pattern)} took ${elapsed.toFixed()} ms`);
    }
});

test('every beginning of a text can be read, as when it streams', () => {
    const text = '# T\n\n- a **b** `c`\n  1. d\n\n| a | b |\n|---|---|\n| [x](https://x.org) | ~~y~~ |\n\n> q\n\n```js\nx\n```\n';
    for (let end = 0; end <= text.length; end++)
        assert.doesNotThrow(() => parseMarkdown(text.slice(0, end)));
});

test('a finished block has the same source when more text follows', () => {
    const [first] = parseMarkdown('# T\n\nText');
    assert.equal(parseMarkdown('# T\n\nText and more\n\n- a')[0].source, first.source);
});
