/** Lays what is shown into the document, and counts ages up. */

import { type ComponentChild, Fragment, h, render } from 'preact';
import { type Content, isList, toPlain } from '../element.ts';
import { titleOf, viewOf } from '../view.ts';
import { browserNow } from './browser-clock.ts';
import { basePath, elementOf } from './place.ts';
import { drawPlots } from './plots.ts';
import type { Shown } from './shown.ts';

let shown: Shown | undefined;
let isAsked = false;
let isFirst = true;

export function shownNow(): Shown | undefined {
  return shown;
}

/** Shows it with the next picture of the browser; several changes until then are one. */
export function show(next: Shown): void {
  shown = next;
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(draw);
}

/** Shows something that is no document, such as why there is none. */
export function showContent(content: Content): void {
  shown = undefined;
  takeOver();
  render(h(Fragment, {}, ...toChildren(content)), elementOf('view'));
}

/** Each second, while somebody looks. */
export function countUp(): void {
  setInterval(() => {
    if (shown !== undefined && document.visibilityState === 'visible') show(shown);
  }, 1000);
}

function draw(): void {
  isAsked = false;
  if (shown === undefined) return;
  const scope = { basePath, nowMs: browserNow() + shown.aheadMs };
  const content = viewOf(shown.document, scope);
  takeOver();
  render(h(Fragment, {}, ...toChildren(content)), elementOf('view'));
  document.title = toPlain(titleOf(shown.document));
  markPage(shown.view);
  drawPlots(shown.document);
}

/** What the server drew gives way to what is drawn here; who was in it stays where he was. */
function takeOver(): void {
  if (!isFirst) return;
  isFirst = false;
  const view = elementOf('view');
  const focused = view.contains(document.activeElement) ? document.activeElement : null;
  const { value } = focused instanceof HTMLInputElement ? focused : { value: undefined };
  const selector = focused && selectorOf(focused);
  view.replaceChildren();
  if (selector === null) return;
  requestAnimationFrame(() => {
    const again = view.querySelector<HTMLElement>(selector);
    if (again instanceof HTMLInputElement && value !== undefined) again.value = value;
    again?.focus({ preventScroll: true });
  });
}

function selectorOf(element: Element): string {
  if (element.id !== '') return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute('href');
  return href === null ? element.localName : `${element.localName}[href="${CSS.escape(href)}"]`;
}

function markPage(view: string): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('nav.pages a')) {
    const isHere = link.pathname === `${basePath}${view.slice(1).replace(/\?.*/, '')}`;
    if (isHere) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

/** A list within an element has no element of its own. */
function toChildren(content: Content): readonly ComponentChild[] {
  return isList(content) ? content.flatMap(toChildren) : [toChild(content)];
}

function toChild(content: Exclude<Content, readonly Content[]>): ComponentChild {
  if (content === false || content === undefined) return null;
  if (typeof content === 'string') return toPlain(content);
  if (typeof content === 'number') return content;
  const { tag, attributes, children, key } = content;
  const { value, ...others } = attributes;
  // What somebody types is not taken from under his fingers.
  const properties = tag === 'input' ? { ...others, defaultValue: value } : attributes;
  return h(tag, { ...properties, key }, ...children.flatMap(toChildren));
}
