/**
 * What the page is made of: a tree of elements that the server writes as HTML and the client lays
 * into the document. Views are functions that return such trees, and are the same at both ends.
 */

type AttributeValue = string | number | boolean | undefined;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** An element of HTML or SVG. Its text is text: it is escaped where it is written. */
export interface PageElement {
  readonly tag: string;
  readonly attributes: Attributes;
  readonly children: readonly Content[];
  /** Tells it from its siblings when they move. */
  readonly key?: string;
}

export type Content = string | number | PageElement | readonly Content[] | false | undefined;

/**
 * An element. `key` among its attributes tells it from its siblings and is not written.
 *
 * @param tag from the code alone, never from data, and so are the names of its attributes
 */
export function h(
  tag: string,
  { key, ...attributes }: Attributes = {},
  ...children: readonly Content[]
): PageElement {
  const safe = Object.fromEntries(Object.entries(attributes).map(toSafe));
  return { tag, attributes: safe, children, ...(key === undefined ? {} : { key: String(key) }) };
}

/** Attributes that a browser follows. */
const followed = new Set(['href', 'src', 'action', 'formaction', 'xlink:href']);

/** Only paths of this server are followed: no `javascript:`, no `//elsewhere`. */
function toSafe([name, value]: [string, AttributeValue]): [string, AttributeValue] {
  if (/^on|^style$|^srcdoc$/i.test(name)) return [name, undefined];
  if (value === undefined) return [name, value];
  if (!followed.has(name)) return [name, typeof value === 'string' ? toPlain(value) : value];
  return [name, /^(?:\/(?![/\\])|[?#])[^\s\\]*$/.test(String(value)) ? value : '#'];
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it stands in HTML, between tags and inside quotes alike. */
export function escapeHtml(text: string): string {
  return toPlain(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/**
 * Text that shows what it is. Characters that no HTML may hold become U+FFFD, as does half a surrogate
 * pair; and so do those that turn the direction, by which a name could pass for another.
 */
export function toPlain(text: string): string {
  return text.toWellFormed().replace(unfit, '\ufffd');
}

const unfit = /[^\P{Cc}\t\n\r]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Elements without content, which have no end tag. */
const empty = new Set(['br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'wbr']);

/** A tree as HTML. */
export function toHtml(content: Content): string {
  if (content === false || content === undefined) return '';
  if (typeof content === 'string') return escapeHtml(content);
  if (typeof content === 'number') return String(content);
  if (isList(content)) return content.map(toHtml).join('');
  const { tag, attributes, children } = content;
  const start = `<${tag}${Object.entries(attributes).map(toAttribute).join('')}>`;
  return empty.has(tag) ? start : `${start}${children.map(toHtml).join('')}</${tag}>`;
}

export function isList(content: Content): content is readonly Content[] {
  return Array.isArray(content);
}

function toAttribute([name, value]: [string, AttributeValue]): string {
  if (value === undefined || value === false) return '';
  return value === true ? ` ${name}` : ` ${name}="${escapeHtml(String(value))}"`;
}
