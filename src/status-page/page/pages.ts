/** Documents → pages, and the files that go with them: what the server of the page loads. */

import type { Document } from '../model.ts';
import type { LoginContext, PageContext, Pages } from '../page-contract.ts';
import { assetNames, assets } from './assets.ts';
import { h } from './element.ts';
import { at } from './fleet-path.ts';
import { toDocument } from './frame.ts';
import { titleOf, viewOf } from './view.ts';

export const pages: Pages = { render, renderLogin, renderProblem, assets };

function render(document: Document, context: PageContext): string {
  const { basePath } = context;
  const scope = { basePath, nowMs: document.nowMs };
  const frame = { title: titleOf(document), basePath, assets: assetNames, context };
  return toDocument(frame, viewOf(document, scope));
}

function renderLogin({ basePath, next, problem }: LoginContext): string {
  const field = h('input', {
    type: 'password',
    id: 'token',
    name: 'token',
    autocomplete: 'current-password',
    required: true,
    autofocus: true,
    'aria-describedby': problem === undefined ? 'hint' : 'hint problem',
    'aria-invalid': problem === undefined ? undefined : 'true',
  });
  const form = h(
    'form',
    { class: 'login', method: 'post', action: at(basePath, '/login') },
    h('h1', {}, 'Log in'),
    problem !== undefined && h('p', { id: 'problem', class: 'problem', role: 'alert' }, problem),
    h('label', { for: 'token' }, 'Token of the status page'),
    field,
    h(
      'p',
      { id: 'hint', class: 'aside' },
      'Whoever runs the site makes one with ',
      h('code', {}, 'cmk-courier page-token create NAME'),
      '.',
    ),
    h('input', { type: 'hidden', name: 'next', value: next }),
    h('button', { type: 'submit' }, 'Log in'),
  );
  return toDocument({ title: 'Log in · cmk-courier', basePath, assets: assetNames }, form);
}

function renderProblem(
  status: number,
  message: string,
  { basePath }: { readonly basePath: string },
): string {
  const content = h(
    'div',
    { class: 'problem-page' },
    h('h1', {}, problemTitles[status] ?? 'This did not work'),
    h('p', {}, message),
    h('p', {}, h('a', { href: at(basePath, '/') }, 'To the fleet')),
  );
  return toDocument({ title: `${status} · cmk-courier`, basePath, assets: assetNames }, content);
}

const problemTitles: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'Not there',
  429: 'Too often',
  500: 'The page has a fault',
  503: 'Not at the moment',
};
