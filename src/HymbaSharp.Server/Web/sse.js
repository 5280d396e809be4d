/** Reads server-sent events from bytes that arrive in pieces of any size. */
export class EventReader {
    #decoder = new TextDecoder();
    #line = '';
    #data = [];
    #afterCarriageReturn = false;

    /** The data of each event that these bytes complete. */
    push(bytes) {
        let text = this.#decoder.decode(bytes, { stream: true });
        if (text === '')
            return [];
        // The two characters of one line end may come in two pieces.
        if (this.#afterCarriageReturn && text[0] === '\n')
            text = text.slice(1);
        this.#afterCarriageReturn = text === '' ? false : text.endsWith('\r');

        const events = [];
        const parts = text.split(/\r\n|\r|\n/);
        for (let i = 0; i < parts.length - 1; i++) {
            this.#endLine(this.#line + parts[i], events);
            this.#line = '';
        }
        this.#line += parts.at(-1);
        return events;
    }

    #endLine(line, events) {
        if (line === '') {
            if (this.#data.length > 0)
                events.push(this.#data.join('\n'));
            this.#data = [];
            return;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        if (field !== 'data')
            return;
        const value = colon < 0 ? '' : line.slice(colon + 1);
        this.#data.push(value.startsWith(' ') ? value.slice(1) : value);
    }
}
