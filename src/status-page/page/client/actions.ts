/** Buttons that ask for something: sent without a new page, and what became of it is told. */

import { elementOf } from './place.ts';

interface Answer {
  /** What became of it, or why nothing. */
  readonly message?: string;
}

/** An answer is given at once; a long action goes on behind it. */
const longestMs = 15_000;

export function startActions(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset['action'] === undefined) return;
    event.preventDefault();
    void send(form);
  });
}

async function send(form: HTMLFormElement): Promise<void> {
  if (form.dataset['busy'] !== undefined) return;
  form.dataset['busy'] = '';
  const notice = elementOf('notice');
  notice.hidden = true;
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: '',
      signal: AbortSignal.timeout(longestMs),
    });
    const said: Answer = await answer.json();
    say(said.message ?? 'Asked for.', !answer.ok);
  } catch {
    say('The server does not answer.', true);
  } finally {
    delete form.dataset['busy'];
  }
}

function say(text: string, isProblem: boolean): void {
  const notice = elementOf('notice');
  notice.textContent = text;
  notice.classList.toggle('is-problem', isProblem);
  notice.hidden = false;
}

/** What was told belongs to what was looked at. */
export function forgetNotice(): void {
  elementOf('notice').hidden = true;
}
