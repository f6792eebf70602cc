/**
 * Reads XML as it arrives. What is asked for in pieces is handed over as soon as it has ended, and
 * forgotten, so that memory goes by the largest piece and not by the document. Entities are those of
 * XML alone: a document that declares its own is refused, and so are all ways to make a short
 * document a large one.
 */

import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes';
import { CourierError, quote } from '../../faults/errors.ts';
import type { XmlElement } from './element.ts';

export interface ElementReaderSettings {
  /** Local names of elements that are handed over by themselves, wherever they stand. */
  readonly pieces: ReadonlySet<string>;
  /** Called with each as it ends; what it throws ends the reading. */
  onPiece(element: XmlElement): void;
  /** Elements inside each other. */
  readonly deepest: number;
  /** UTF-16 units of text and attributes of one piece, or of the rest of the document. */
  readonly longest: number;
}

/** An element that has begun; its children are added as they end. */
interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

/** https://www.w3.org/TR/xmlschema-1/#Instance_Document_Constructions */
const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance';

/** Each element counts so much beside its text: what it takes in memory. */
const elementWeight = 100;

const mostAttributes = 1000;

export class ElementReader {
  readonly #settings: ElementReaderSettings;
  readonly #parser = new SaxesParser({ xmlns: true, position: true });
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #open: OpenElement[] = [];
  /** How many of these there were when a piece began that has not ended; undefined outside of one. */
  #pieceDepth: number | undefined;
  #root: XmlElement | undefined;
  readonly #weights = { piece: 0, rest: 0 };
  #untold = 0;
  #attributes = 0;

  constructor(settings: ElementReaderSettings) {
    this.#settings = settings;
    const parser = this.#parser;
    parser.on('error', (error) => this.#refuse(error.message.replace(/^\d+:\d+: /, '')));
    parser.on('xmldecl', ({ encoding = 'utf-8' }) => this.#checkEncoding(encoding));
    parser.on('opentagstart', () => {
      this.#attributes = 0;
    });
    parser.on('attribute', () => this.#countAttribute());
    parser.on('doctype', () => this.#refuse('a document type, which is not taken from a peer'));
    parser.on('opentag', (tag) => this.#begin(tag));
    parser.on('text', (text) => this.#addText(text));
    parser.on('cdata', (text) => this.#addText(text));
    parser.on('closetag', () => this.#end());
  }

  /** @throws CourierError MALFORMED */
  write(bytes: Buffer): void {
    // The parser tells of a text or an attribute only when it has all of it.
    this.#untold += bytes.length;
    if (this.#untold > this.#settings.longest + bytes.length) this.#refuseLength();
    this.#parser.write(this.#decode(bytes, true));
  }

  /**
   * The document without what was handed over.
   *
   * @throws CourierError MALFORMED, where it is not complete
   */
  end(): XmlElement {
    this.#parser.write(this.#decode(undefined, false));
    this.#parser.close();
    if (this.#root === undefined) return this.#refuse('no element');
    return this.#root;
  }

  #decode(bytes: Buffer | undefined, isMoreToCome: boolean): string {
    try {
      return this.#decoder.decode(bytes, { stream: isMoreToCome });
    } catch {
      return this.#refuse('bytes that are not UTF-8');
    }
  }

  /** What says that it is encoded otherwise may well be UTF-8 by chance, with other letters. */
  #checkEncoding(encoding: string): void {
    if (!/^(utf-?8|us-ascii)$/i.test(encoding)) this.#refuse(`the encoding ${encoding}, not UTF-8`);
  }

  /** The parser holds each against all others. */
  #countAttribute(): void {
    this.#attributes += 1;
    if (this.#attributes > mostAttributes) {
      this.#refuse(`more than ${mostAttributes} attributes in one element`);
    }
  }

  #begin({ local, attributes }: SaxesTagNS): void {
    const { deepest, pieces } = this.#settings;
    if (this.#open.length >= deepest) this.#refuse(`elements more than ${deepest} deep`);
    if (this.#pieceDepth === undefined && pieces.has(local)) this.#pieceDepth = this.#open.length;
    const kept = keepAttributes(attributes);
    this.#open.push({ name: local, attributes: kept, children: [], text: '' });
    for (const value of kept.values()) this.#weigh(value.length);
    this.#weigh(elementWeight);
  }

  #addText(text: string): void {
    const open = this.#open.at(-1);
    if (open === undefined) return;
    this.#weigh(text.length);
    open.text += text;
  }

  #end(): void {
    const ended = this.#open.pop();
    if (ended === undefined) return;
    ended.text = detach(ended.text);
    if (this.#open.length === this.#pieceDepth) {
      this.#pieceDepth = undefined;
      this.#weights.piece = 0;
      this.#settings.onPiece(ended);
      return;
    }
    const outer = this.#open.at(-1);
    if (outer === undefined) this.#root = ended;
    else outer.children.push(ended);
  }

  #weigh(weight: number): void {
    const { longest } = this.#settings;
    const part = this.#pieceDepth === undefined ? 'rest' : 'piece';
    this.#weights[part] += weight;
    this.#untold = 0;
    if (this.#weights[part] > longest) this.#refuseLength();
  }

  #refuseLength(): never {
    this.#refuse(`more than ${this.#settings.longest} characters in one part`);
  }

  #refuse(why: string): never {
    const { line, columnIndex } = this.#parser;
    const place = `line ${line}, column ${columnIndex + 1}`;
    throw new CourierError('MALFORMED', `not XML as expected: ${quote(why)} (${place})`);
  }
}

/**
 * A short part of a long text keeps all of it in memory as long as it is used itself: V8 makes such
 * parts of 13 characters and more.
 */
function detach(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf16le').toString('utf16le');
}

/** Most elements have none. */
const noAttributes: XmlElement['attributes'] = new Map();

/** Two of one local name may stand side by side: `type` and `xsi:type`. */
function keepAttributes(
  attributes: Readonly<Record<string, SaxesAttributeNS>>,
): XmlElement['attributes'] {
  let kept: Map<string, string> | undefined;
  for (const key in attributes) {
    const attribute = attributes[key];
    const name = attribute && keptName(attribute);
    if (name === undefined) continue;
    kept ??= new Map();
    kept.set(name, attribute?.value ?? '');
  }
  return kept ?? noAttributes;
}

/** Undefined for what is of another namespace, such as a declaration of one. */
function keptName({ local, uri }: SaxesAttributeNS): string | undefined {
  if (uri === '') return local;
  return uri === schemaInstance ? `xsi:${local}` : undefined;
}
