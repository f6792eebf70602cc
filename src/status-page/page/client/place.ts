/** Where the page is: what the frame says, and the address. */

const { base = '/', view } = document.documentElement.dataset;

/** Where the page is mounted; ends with a slash. */
export const basePath = base;

/** Path and query relative to there, at the start; undefined where nothing is to be kept live. */
export const firstView: string | undefined = view;

/** The path and query of an address of this page; undefined for other addresses. */
export function viewOfAddress(address: URL | Location): string | undefined {
  if (address.origin !== location.origin || !address.pathname.startsWith(basePath))
    return undefined;
  const path = `/${address.pathname.slice(basePath.length)}`;
  return /^\/(?:$|operations$|host\/[^/]+$)/.test(path) ? `${path}${address.search}` : undefined;
}

/** Where the document of a view is. */
export function documentAddress(shown: string): string {
  const path = shown.replace(/^\/(?=$|\?)/, '/fleet');
  return `${basePath}api${path}`;
}

export function eventsAddress(shown: string): string {
  return `${basePath}api/events?view=${encodeURIComponent(shown)}`;
}

export function loginAddress(shown: string): string {
  return `${basePath}login?next=${encodeURIComponent(shown)}`;
}

export function elementOf(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page lacks #${id}`);
  return element;
}
