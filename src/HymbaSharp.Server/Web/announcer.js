const pause = 2500;

/** Reads a growing reply out by whole sentences, with pauses between them, so that a screen reader isn't flooded. */
export class Announcer {
    #say;
    #pending = '';
    #timer = null;

    /** `say(text)` puts text where a screen reader finds it. */
    constructor(say) {
        this.#say = say;
    }

    add(text) {
        this.#pending += text;
        this.#timer ??= setTimeout(() => this.#sayWhole(), pause);
    }

    /** Says what is left, and how it ended. */
    end(how) {
        this.#say(`${this.#pending} ${how}`.trim());
        this.reset();
    }

    reset() {
        clearTimeout(this.#timer);
        this.#timer = null;
        this.#pending = '';
    }

    #sayWhole() {
        this.#timer = null;
        const end = /^[^]*[.!?:\n](?=\s|$)/.exec(this.#pending)?.[0].length ?? 0;
        if (end > 0)
            this.#say(this.#pending.slice(0, end).trim());
        this.#pending = this.#pending.slice(end);
    }
}
