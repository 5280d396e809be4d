/**
 * A pane at the side of the page. Where the page is wide it stands beside the conversation and the choice to show it is kept;
 * where it is narrow it lies over it, takes the focus, and closes by its button, Escape or a click beside it.
 */
export class Pane {
    #pane;
    #opener;
    #wide;
    #store;
    #name;
    #isOpen;

    constructor(name, { opener, closer, wideFrom, opensWide, store }) {
        this.#name = name;
        this.#pane = document.getElementById(name);
        this.#opener = opener;
        this.#store = store;
        this.#wide = matchMedia(`(min-width: ${wideFrom})`);
        const isKeptOpen = () => this.#wide.matches && (store.preference(name) ?? (opensWide ? 'open' : 'closed')) === 'open';
        this.#isOpen = isKeptOpen();
        opener.addEventListener('click', () => this.#isOpen ? this.close() : this.open());
        closer.addEventListener('click', () => this.close());
        document.getElementById('scrim').addEventListener('click', () => this.close());
        this.#wide.addEventListener('change', () => {
            this.#isOpen = isKeptOpen();
            this.#apply();
        });
        this.#apply();
    }

    get isOverlay() {
        return this.#isOpen && !this.#wide.matches;
    }

    open() {
        this.#isOpen = true;
        this.#keep();
        this.#apply();
        if (this.isOverlay)
            this.#pane.querySelector('button, [href], input, textarea').focus();
    }

    close() {
        if (!this.#isOpen)
            return;
        this.#isOpen = false;
        this.#keep();
        this.#apply();
        this.#opener.focus();
    }

    #keep() {
        if (this.#wide.matches)
            this.#store.setPreference(this.#name, this.#isOpen ? 'open' : 'closed');
    }

    #apply() {
        this.#pane.classList.toggle('open', this.#isOpen);
        this.#pane.classList.toggle('overlay', this.isOverlay);
        this.#opener.setAttribute('aria-expanded', this.#isOpen);
        const covered = document.querySelector('.pane.overlay');
        document.getElementById('scrim').hidden = !covered;
        for (const other of document.querySelectorAll('#center, .pane, .skip'))
            other.inert = covered !== null && other !== covered;
    }
}
