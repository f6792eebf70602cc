/**
 * XML → objects: an element with text alone is that text; another one has its attributes as `@name`,
 * its children by their names without prefix, a list where there are several, and its text, if it
 * has any, as `#text`.
 */

import { SaxesParser } from 'saxes';
import { malformed } from './failing.ts';

type Content = string | { [name: string]: Content | Content[] };

interface Open {
  readonly name: string;
  readonly fields: Map<string, Content[]>;
  text: string;
}

/** @throws TaskFailure */
export function parseXml(text: string, deepest: number): unknown {
  const parser = new SaxesParser();
  const root: Open = { name: '', fields: new Map(), text: '' };
  const open: Open[] = [root];
  parser.on('error', (error) => {
    throw malformed(`the answer is no XML: ${error.message.slice(0, 150)}`);
  });
  // Nothing we ask needs one, and what it names or defines is how XML does harm.
  parser.on('doctype', () => {
    throw malformed('the answer has a DOCTYPE, which is not read');
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > deepest) throw malformed(`the answer is nested deeper than ${deepest}`);
    const fields = new Map<string, Content[]>();
    for (const [key, value] of Object.entries(attributes)) {
      if (!/^xmlns(:|$)/.test(key)) fields.set(`@${key}`, [String(value)]);
    }
    open.push({ name: name.replace(/^.*:/, ''), fields, text: '' });
  });
  const addText = (piece: string) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += piece;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const closed = open.pop();
    const parent = open.at(-1);
    if (closed === undefined || parent === undefined) return;
    const same = parent.fields.get(closed.name) ?? [];
    parent.fields.set(closed.name, same);
    same.push(toContent(closed));
  });
  parser.write(text).close();
  return toContent(root);
}

function toContent({ fields, text }: Open): Content {
  const said = text.trim();
  if (fields.size === 0) return said;
  const entries = [...fields].map(([name, values]) => {
    const [only] = values;
    return [name, values.length === 1 && only !== undefined ? only : values] as const;
  });
  const content = Object.fromEntries<Content | Content[]>(entries);
  return said === '' ? content : { ...content, '#text': said };
}
