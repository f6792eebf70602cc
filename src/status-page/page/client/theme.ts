/** Light or dark: as the system has it, until somebody chooses. */

export type Theme = 'light' | 'dark';

const key = 'cmk-courier-theme';

/** What was chosen in this browser; undefined: as the system has it. */
export function chosenTheme(): Theme | undefined {
  try {
    const theme = localStorage.getItem(key);
    return theme === 'light' || theme === 'dark' ? theme : undefined;
  } catch {
    // A browser that keeps nothing.
    return undefined;
  }
}

export function setTheme(theme: Theme | undefined): void {
  if (theme === undefined) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

function currentTheme(): Theme {
  return chosenTheme() ?? (systemIsDark.matches ? 'dark' : 'light');
}

/** The button that changes it; what is the system's own choice anyway is not kept. */
export function startThemeButton(button: HTMLElement, onChange: () => void): void {
  const name = () => {
    const isDark = currentTheme() === 'dark';
    button.textContent = isDark ? 'Light' : 'Dark';
    button.setAttribute('aria-label', isDark ? 'Show in light colours' : 'Show in dark colours');
    onChange();
  };
  button.addEventListener('click', () => {
    const theme = currentTheme() === 'dark' ? 'light' : 'dark';
    const isSystems = (theme === 'dark') === systemIsDark.matches;
    keep(isSystems ? undefined : theme);
    setTheme(isSystems ? undefined : theme);
    name();
  });
  systemIsDark.addEventListener('change', name);
  button.hidden = false;
  name();
}

function keep(theme: Theme | undefined): void {
  try {
    if (theme === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // It holds for this page then.
  }
}
