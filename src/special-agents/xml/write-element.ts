/** Writes elements: names are of this program, texts and attributes may hold anything. */

/** What stands in a document as it is. Only the functions here make it. */
export interface Xml {
  readonly xml: string;
}

type Attributes = Readonly<Record<string, string>>;

/** An element of these attributes and children; `undefined` among the children is left out. */
export function element(
  name: string,
  attributes: Attributes,
  ...children: readonly (Xml | undefined)[]
): Xml {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(value)}"`);
  const inner = children.map((child) => child?.xml ?? '').join('');
  return { xml: `<${name}${given.join('')}>${inner}</${name}>` };
}

/** A text among children. */
export function text(value: string | number | boolean): Xml {
  return { xml: escapeText(String(value)) };
}

/** An element that holds a text only. */
export function textElement(name: string, value: string | number | boolean): Xml {
  return element(name, {}, text(value));
}

/** XML 1.0 2.2: most control characters cannot stand in a document, not even escaped. */
function escapeText(value: string): string {
  return value
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}')
    .replace(/[<>&"\r]/g, (found) => `&#${found.codePointAt(0)};`);
}
