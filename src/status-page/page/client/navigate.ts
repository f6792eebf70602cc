/** Links and searches of the page, followed without a new page; back and forward as ever. */

import { type FleetChange, fleetPath } from '../fleet-path.ts';
import { shownNow } from './draw.ts';
import { basePath, viewOfAddress } from './place.ts';

export type Go = (view: string) => void;

/** Typing is over when nothing was typed for so long. */
const typingMs = 250;

export function startNavigation(go: Go): void {
  history.scrollRestoration = 'manual';
  document.addEventListener('click', (event) => followLink(event, go));
  document.addEventListener('submit', (event) => submitSearch(event, go));
  document.addEventListener('input', (event) => searchWhileTyping(event, go));
  document.addEventListener('keydown', focusSearch);
  addEventListener('popstate', () => {
    const view = viewOfAddress(location);
    if (view === undefined) {
      location.reload();
      return;
    }
    go(view);
    setSearch(new URLSearchParams(location.search).get('q') ?? '');
  });
}

/** Another tab, another program or a download is left to the browser. */
function followLink(event: MouseEvent, go: Go): void {
  const { target, button, ctrlKey, metaKey, shiftKey, altKey, defaultPrevented } = event;
  if (defaultPrevented || button !== 0 || ctrlKey || metaKey || shiftKey || altKey) return;
  const link = target instanceof Element ? target.closest('a[href]') : null;
  if (link === null || link.hasAttribute('target')) return;
  // One within a drawing has its address elsewhere than one of text.
  const href = link.getAttribute('href') ?? '';
  if (href.startsWith('#')) return;
  const view = viewOfAddress(new URL(href, location.href));
  if (view === undefined) return;
  event.preventDefault();
  enter(view, go);
}

function enter(view: string, go: Go): void {
  const [path] = view.split('?');
  const isOther = path !== viewOfAddress(location)?.split('?')[0];
  const isPage = /[?&]page=/.test(view);
  history.pushState(null, '', `${basePath}${view.slice(1)}`);
  go(view);
  if (!isOther && !isPage) return;
  scrollTo(0, 0);
  if (isOther) document.getElementById('main')?.focus({ preventScroll: true });
}

function submitSearch(event: SubmitEvent, go: Go): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.getAttribute('role') !== 'search') return;
  event.preventDefault();
  const field = form.querySelector<HTMLInputElement>('input[type=search]');
  const view = withSearch(field?.value ?? '');
  if (view !== undefined) enter(view, go);
}

let typing: ReturnType<typeof setTimeout> | undefined;

function searchWhileTyping({ target }: Event, go: Go): void {
  if (!(target instanceof HTMLInputElement) || target.id !== 'search') return;
  clearTimeout(typing);
  typing = setTimeout(() => {
    const view = withSearch(target.value);
    if (view === undefined || view === viewOfAddress(location)) return;
    history.replaceState(null, '', `${basePath}${view.slice(1)}`);
    go(view);
  }, typingMs);
}

/** The fleet as it is asked for, with another search. */
function withSearch(search: string): string | undefined {
  const document = shownNow()?.document;
  if (document?.view !== 'fleet') return undefined;
  const change: FleetChange = { search: search.trim() };
  return fleetPath(document.query, change);
}

function setSearch(search: string): void {
  const field = document.getElementById('search');
  if (field instanceof HTMLInputElement) field.value = search;
}

/** `/` goes to the search, as people know it; Escape leaves it. */
function focusSearch(event: KeyboardEvent): void {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  const field = document.getElementById('search');
  if (key === 'Escape' && target === field) field?.blur();
  const isTyping =
    target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  if (key !== '/' || isTyping || ctrlKey || metaKey || altKey || field === null) return;
  event.preventDefault();
  field.focus();
}
