/** `--redact`: names and addresses replaced, the same one by the same, for posting in public. */

import { isIpv6Address } from '../names/ip-address.ts';

const patterns: readonly (readonly [word: string, pattern: RegExp])[] = [
  ['uuid', /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi],
  ['address', /\b(?:\d{1,3}\.){3}\d{1,3}\b/g],
  ['address', /(?<![\w:.])[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:]*(?![\w])/gi],
  ['name', /\b(?:[a-z0-9_-]+\.)+(?:[a-z]{2,})\b(?!\()/gi],
];

/** Files and units of everybody, which tell nothing about anybody. */
const harmless =
  /\.(md|cfg|socket|service|sh|exe|pem|json|ya?ml|txt|conf|ts)$|^(0\.0\.0\.0|127\.|::1?$)/i;

/** Colons alone make no address. */
function isTime(found: string): boolean {
  return found.includes(':') && !isIpv6Address(found);
}

export class Redaction {
  readonly #known = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #names: readonly string[];

  /** @param names what else is to be replaced: the host, the site, the users of both */
  constructor(names: readonly (string | null | undefined)[]) {
    const given = names.flatMap((name) => name || []);
    this.#names = [...new Set(given)].sort((a, b) => b.length - a.length);
  }

  apply(text: string): string {
    let redacted = text;
    for (const name of this.#names) {
      const pattern = new RegExp(`(?<![\\w-])${escapePattern(name)}(?![\\w-])`, 'gi');
      redacted = redacted.replace(pattern, () => this.#standIn(name, 'name'));
    }
    for (const [word, pattern] of patterns) {
      redacted = redacted.replace(pattern, (found) =>
        harmless.test(found) || isTime(found) ? found : this.#standIn(found, word),
      );
    }
    return redacted;
  }

  /** Every string of a document, not its keys. */
  applyTo<Value>(value: Value): Value {
    return JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
      typeof inner === 'string' && !fixedKeys.has(key) ? this.apply(inner) : inner,
    );
  }

  #standIn(found: string, word: string): string {
    const key = found.toLowerCase();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const number = (this.#counts.get(word) ?? 0) + 1;
    this.#counts.set(word, number);
    const standIn = `${word}-${number}`;
    this.#known.set(key, standIn);
    return standIn;
  }
}

/** Their words are from our own tables. */
const fixedKeys = new Set([
  'program',
  'started',
  'verdict',
  'code',
  'fault',
  'side',
  'see',
  'id',
  'status',
  'source',
  'step',
  'title',
  'proto',
  'state',
  'direction',
  'needed_by',
]);

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
