/** Light and dark: as the system says, until the reader chooses; the choice is kept where the browser allows it. */
import { elementById } from './page-elements.ts';

const STORAGE_KEY = 'metaclip-report-theme';

/** Brings the theme button to life. */
export function startTheme(): void {
  const button = elementById('theme', HTMLButtonElement);
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen = readChoice();
  const isDark = (): boolean => (chosen === null ? system.matches : chosen === 'dark');
  const apply = (): void => {
    if (chosen === null) delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = chosen;
    button.setAttribute('aria-pressed', String(isDark()));
  };
  button.addEventListener('click', () => {
    chosen = isDark() ? 'light' : 'dark';
    try {
      localStorage.setItem(STORAGE_KEY, chosen);
    } catch {
      // A page opened from a file may have no storage; the choice then lasts as long as the page.
    }
    apply();
  });
  system.addEventListener('change', apply);
  button.hidden = false;
  apply();
}

function readChoice(): 'light' | 'dark' | null {
  try {
    const value = localStorage.getItem(STORAGE_KEY);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    return null;
  }
}
