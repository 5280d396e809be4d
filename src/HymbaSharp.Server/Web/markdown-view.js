import { parseMarkdown } from './markdown.js';
import { button, copyText, element } from './dom.js';

/**
 * Shows markdown in an element. Blocks that are as they were keep their elements, so that a reply that grows
 * loses neither a selection nor the place where a reader is.
 */
export function showMarkdown(target, text) {
    const blocks = parseMarkdown(text);
    blocks.forEach((block, i) => {
        const shown = target.children[i];
        if (shown?.source === block.source)
            return;
        const isGrowingCode = shown?.classList.contains('code') && block.type === 'code' && shown.dataset.language === block.language;
        const next = isGrowingCode ? shown : blockElement(block);
        next.source = block.source;
        if (isGrowingCode)
            shown.querySelector('code').textContent = block.text;
        else if (shown)
            shown.replaceWith(next);
        else
            target.append(next);
    });
    while (target.children.length > blocks.length)
        target.lastElementChild.remove();
}

function blockElement(block) {
    switch (block.type) {
        case 'heading':
            // The page's own headings are the first two levels.
            return element(`h${Math.min(6, block.level + 2)}`, {}, ...inlineNodes(block.inline));
        case 'code':
            return codeElement(block);
        case 'rule':
            return element('hr');
        case 'quote':
            return element('blockquote', {}, ...block.blocks.map(blockElement));
        case 'list':
            return listElement(block);
        case 'table':
            return tableElement(block);
        default:
            return element('p', {}, ...inlineNodes(block.inline));
    }
}

function codeElement({ language, text }) {
    const code = element('code', {}, text);
    const copy = button('Copy', async () => {
        const done = await copyText(code.textContent).then(() => 'Copied', () => 'Not allowed');
        copy.textContent = done;
        setTimeout(() => copy.textContent = 'Copy', 1500);
    }, { 'aria-live': 'polite' });
    return element('div', { class: 'code', 'data-language': language },
        element('div', { class: 'code-head' }, element('span', {}, language || 'text'), copy),
        element('pre', { tabindex: 0, role: 'group', 'aria-label': language ? `Code in ${language}` : 'Code' }, code));
}

function listElement({ ordered, start, loose, items }) {
    const list = ordered ? element('ol', { start: start === 1 ? null : start }) : element('ul');
    for (const blocks of items) {
        const children = blocks.flatMap(block => block.type === 'paragraph' && !loose ? inlineNodes(block.inline) : [blockElement(block)]);
        list.append(element('li', {}, ...children));
    }
    return list;
}

function tableElement({ align, head, rows }) {
    const row = (cells, tag, attributes) => element('tr', {}, ...cells.map((cell, i) => element(tag, { ...attributes, class: align[i] }, ...inlineNodes(cell))));
    return element('div', { class: 'table', tabindex: 0, role: 'group', 'aria-label': 'Table' },
        element('table', {},
            element('thead', {}, row(head, 'th', { scope: 'col' })),
            element('tbody', {}, ...rows.map(cells => row(cells, 'td')))));
}

const inlineTags = { strong: 'strong', emphasis: 'em', strike: 's' };

function inlineNodes(nodes) {
    return nodes.map(node => {
        if (typeof node === 'string')
            return document.createTextNode(node);
        if (node.type === 'break')
            return element('br');
        if (node.type === 'code')
            return element('code', {}, node.text);
        if (node.type === 'link')
            return element('a', { href: node.href, target: '_blank', rel: 'noopener noreferrer nofollow', title: node.href }, ...inlineNodes(node.children));
        return element(inlineTags[node.type], {}, ...inlineNodes(node.children));
    });
}
