/** The frame around every view, as a whole document of HTML. */

import { version } from '../../version.ts';
import type { PageContext } from '../page-contract.ts';
import { type Attributes, type Content, h, toHtml } from './element.ts';
import { at } from './fleet-path.ts';
import { mark } from './symbols.ts';

/** Names of the files that go with a page, with their hashes. */
export interface AssetNames {
  readonly script: string;
  readonly theme: string;
  readonly style: string;
  readonly icon: string;
}

export interface Frame {
  readonly title: string;
  readonly basePath: string;
  readonly assets: AssetNames;
  /** Where this page is; undefined for pages that stay as they are. */
  readonly context?: PageContext;
}

export function toDocument(frame: Frame, main: Content): string {
  const { context, basePath } = frame;
  const attributes: Attributes = {
    lang: 'en',
    'data-base': context === undefined ? undefined : basePath,
    'data-view': context?.view,
  };
  const body = [
    h('a', { class: 'skip', href: '#main' }, 'Skip to the content'),
    headerOf(frame),
    h('p', { id: 'connection', role: 'status', hidden: true }),
    h(
      'main',
      { id: 'main', tabindex: '-1' },
      context !== undefined &&
        h(
          'p',
          { id: 'notice', role: 'status', hidden: context.notice === undefined },
          context.notice,
        ),
      h('div', { id: 'view' }, main),
    ),
    h('footer', {}, `cmk-courier ${version}`),
    context !== undefined && h('p', { id: 'said', class: 'unseen', 'aria-live': 'polite' }),
  ];
  return `<!DOCTYPE html>\n${toHtml(h('html', attributes, headOf(frame), h('body', {}, body)))}\n`;
}

function headOf({ title, basePath, assets }: Frame): Content {
  const asset = (name: string) => at(basePath, `/assets/${name}`);
  return h(
    'head',
    {},
    h('meta', { charset: 'utf-8' }),
    h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    h('meta', { name: 'color-scheme', content: 'light dark' }),
    h('meta', { name: 'referrer', content: 'same-origin' }),
    h('title', {}, title),
    // Without `defer`: light or dark is known before anything is drawn.
    h('script', { src: asset(assets.theme) }),
    h('link', { rel: 'stylesheet', href: asset(assets.style) }),
    h('link', { rel: 'icon', href: asset(assets.icon) }),
    h('script', { src: asset(assets.script), defer: true }),
  );
}

function headerOf({ basePath, context }: Frame): Content {
  return h(
    'header',
    { class: 'top' },
    h('a', { class: 'brand', href: at(basePath, '/') }, mark(), h('span', {}, 'cmk-courier')),
    context !== undefined && navigationOf(basePath, context.view),
    h(
      'div',
      { class: 'session' },
      h('button', { type: 'button', id: 'theme', class: 'quiet', hidden: true }, 'Dark'),
      context !== undefined && h('span', { class: 'user' }, context.user),
      context?.canLogOut === true &&
        h(
          'form',
          { method: 'post', action: at(basePath, '/logout') },
          h('button', { type: 'submit', class: 'quiet' }, 'Log out'),
        ),
    ),
  );
}

function navigationOf(basePath: string, view: string): Content {
  const item = (path: string, text: string, isHere: boolean) =>
    h('a', { href: at(basePath, path), 'aria-current': isHere ? 'page' : undefined }, text);
  return h(
    'nav',
    { class: 'pages', 'aria-label': 'Pages' },
    item('/', 'Fleet', view === '/' || view.startsWith('/?')),
    item('/operations', 'Operations', view.startsWith('/operations')),
  );
}
