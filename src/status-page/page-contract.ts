/** Between the server of the page and what makes HTML of its documents. */

import type { Document } from './model.ts';

/** What goes with every page. */
export interface PageContext {
  /** Where the page is mounted: `/`, or `/mysite/courier/` behind the web server of a site. */
  readonly basePath: string;
  /** Who has logged in; shown, and as text. */
  readonly user: string;
  /** Whether there is something to log out of: not where the proxy knows the user. */
  readonly canLogOut: boolean;
  /** Path and query of this page relative to `basePath`, as `view` of the events. */
  readonly view: string;
  /** What became of an action that a form without JavaScript asked for. */
  readonly notice?: string | undefined;
}

export interface LoginContext {
  readonly basePath: string;
  /** Where to go then: path and query relative to `basePath`, checked. */
  readonly next: string;
  /** Why it failed the last time. */
  readonly problem?: string | undefined;
}

export interface Asset {
  /** Behind `assets/`, with a hash of the content, such as `page-3f2a.js`. */
  readonly name: string;
  readonly type: 'text/javascript' | 'text/css' | 'image/svg+xml';
  readonly bytes: Buffer;
}

/** What `src/status-page/page/` exports as `pages`. All results are whole documents of HTML. */
export interface Pages {
  render(document: Document, context: PageContext): string;
  renderLogin(context: LoginContext): string;
  /** 403, 404, 429, 500 and the like. */
  renderProblem(status: number, message: string, context: { readonly basePath: string }): string;
  readonly assets: readonly Asset[];
}
