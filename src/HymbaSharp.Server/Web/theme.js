const key = 'hymbasharp.theme';
const themes = ['system', 'light', 'dark'];

/** The theme chosen before; it is applied as soon as this module runs, before the page is drawn. */
let theme = 'system';
try {
    theme = themes.find(name => name === localStorage.getItem(key)) ?? theme;
} catch {
    // Without storage the system's theme holds.
}
apply();

/** Makes a button go through the themes. */
export function bindTheme(button) {
    const show = () => button.textContent = `Theme: ${theme}`;
    button.addEventListener('click', () => {
        theme = themes[(themes.indexOf(theme) + 1) % themes.length];
        apply();
        show();
        try {
            localStorage.setItem(key, theme);
        } catch {
            // The choice then lasts as long as the page.
        }
    });
    show();
}

function apply() {
    document.documentElement.dataset.theme = theme;
}
