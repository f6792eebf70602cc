/** What can be wrong with agent output, and where. */

import { quote } from '../faults/errors.ts';

/** Limits of ours that no real output comes near; the site has none. */
export const limits = { headerBytes: 65_536, sections: 250_000, piggybackedHosts: 25_000 } as const;

/**
 * `error`: in some version of the site it leaks or lies: data under the wrong host, old as new,
 * torn as whole, another document; or the site would take nothing of it. Refused, always.
 * `loss`: some version drops a section or a row, and the rest is right. Passes with a warning.
 * `remark`: only said by `check`.
 */
export type Severity = 'error' | 'loss' | 'remark';

interface RuleRow {
  readonly severity: Severity;
  /** In a piggyback block, where it is graver. */
  readonly inPiggyback?: 'error';
  /** With `--lenient`. */
  readonly lenient?: 'loss' | 'remark';
  readonly when: string;
}

/** An invalid header: within piggyback it lets what follows pass for the host itself. */
const invalidHeader = { severity: 'loss', inPiggyback: 'error' } as const;

/** Every rule: how grave it is, and what breaks it. Nothing else decides about severities. */
export const rules = {
  'empty-output': { severity: 'error', when: 'there is nothing but white space' },
  encrypted: { severity: 'error', when: 'the agent encrypted it; the passphrase is missing here' },
  'utf-16': { severity: 'error', when: 'it is UTF-16, which PowerShell writes' },
  'html-page': { severity: 'error', when: 'it is a web page, such as a login form' },
  'html-before-sections': {
    severity: 'error',
    lenient: 'loss',
    when: 'it begins as a web page, and sections follow',
  },
  'no-section': { severity: 'error', when: 'there is no section in it' },
  'torn-by-zeros': {
    severity: 'error',
    when: 'it has 512 zero bytes in a row, or 8 at its end: a file torn by a crash',
  },
  'byte-order-mark': { severity: 'loss', when: 'a UTF-8 mark hides the first section header' },
  'junk-before-header': {
    severity: 'loss',
    lenient: 'remark',
    when: 'text stands before the first section header; the site drops it',
  },
  'utf-16-within': { severity: 'loss', when: 'sections in UTF-16 follow others' },
  'invalid-name': {
    ...invalidHeader,
    when: 'a section name holds other characters than letters, digits and `_`',
  },
  'invalid-utf-8': { ...invalidHeader, when: 'a section header is not UTF-8' },
  'invalid-cached': { ...invalidHeader, when: 'not all in `cached` are integers, two or more' },
  'invalid-persist': { ...invalidHeader, when: '`persist` lacks its integer' },
  'invalid-sep': { ...invalidHeader, when: '`sep` names no Unicode character' },
  'unclosed-option': {
    ...invalidHeader,
    when: 'an option lacks its `)`: older versions drop the section',
  },
  'wrapped-marker': {
    ...invalidHeader,
    when: 'white space around a section header: older versions read it, newer ones do not',
  },
  'glued-header': { severity: 'loss', when: 'a section header shares its line with other text' },
  'damaged-header': { severity: 'loss', when: 'a section header lacks brackets' },
  'header-too-long': {
    severity: 'error',
    when: `a section header is longer than ${limits.headerBytes} bytes`,
  },
  'unknown-encoding': {
    severity: 'error',
    when: '`encoding` names no codec the site has, or one that ends its whole parse',
  },
  'wrapped-piggyback': {
    severity: 'error',
    when: 'white space around a piggyback marker: older versions read it, newer ones do not',
  },
  'lost-piggyback': {
    severity: 'error',
    when: 'a piggyback marker shares its line or lacks brackets, and sections follow',
  },
  'directory-as-host': {
    severity: 'error',
    when: 'a piggyback header names `.` or `..`: older versions write outside of their directory',
  },
  'too-many-sections': {
    severity: 'error',
    when: `there are more than ${limits.sections} sections`,
  },
  'too-many-hosts': {
    severity: 'error',
    when: `there are more than ${limits.piggybackedHosts} piggybacked hosts`,
  },
  'piggyback-refused': { severity: 'error', when: 'piggyback, which `--piggyback=refuse` forbids' },
  'piggyback-encoding': {
    severity: 'loss',
    when: 'a piggybacked section has an encoding the site cannot read its header in again',
  },
  'unusable-host-name': {
    severity: 'loss',
    when: 'a piggyback header names no possible host: newer versions drop the block',
  },
  'odd-host-name': {
    severity: 'loss',
    when: 'a piggybacked host is called by characters that some versions replace by `_`, and others do not accept',
  },
  'main-host-in-piggyback': {
    severity: 'remark',
    when: 'a block for the host itself follows a piggybacked section and counts as piggyback',
  },
  'open-piggyback': { severity: 'remark', when: 'the last piggyback block is not closed' },
  'unmarked-salt': {
    severity: 'remark',
    when: 'encrypted output lacks `Salted__` ahead of its salt; the site does not look at it',
  },
  'no-check-mk-section': { severity: 'remark', when: 'the host has no section `check_mk`' },
} as const satisfies Record<string, RuleRow>;

/** Where and how a rule is broken, as far as it makes a difference. */
export interface Circumstances {
  readonly inPiggyback?: boolean;
  readonly lenient?: boolean;
}

/** How grave it is that a rule is broken. */
export function severityOf(rule: Rule, circumstances: Circumstances = {}): Severity {
  const row: RuleRow = rules[rule];
  if (circumstances.inPiggyback && row.inPiggyback) return row.inPiggyback;
  return circumstances.lenient && row.lenient ? row.lenient : row.severity;
}

export type Rule = keyof typeof rules;

export interface Problem {
  /** Counted from 1; 1 also for what concerns the output as a whole. */
  readonly line: number;
  readonly rule: Rule;
  readonly severity: Severity;
  readonly message: string;
}

const mostProblems = 100;

/** Problems in the order of the output. Of each severity the first hundred are kept. */
export class ProblemList {
  readonly #output: Buffer;
  readonly #problems: Problem[] = [];
  readonly #rules = new Set<Rule>();
  readonly #counts: Record<Severity, number> = { error: 0, loss: 0, remark: 0 };
  #line = 1;
  #lineOffset = 0;

  constructor(output: Buffer) {
    this.#output = output;
  }

  /** Adds a problem at a byte offset, which must not lie before the one added last. */
  add(rule: Rule, offset: number, inPiggyback: boolean, toMessage: () => string): void {
    const severity = severityOf(rule, { inPiggyback });
    this.#rules.add(rule);
    this.#counts[severity] += 1;
    if (this.#counts[severity] > mostProblems) return;
    this.#line += countLineFeeds(this.#output, this.#lineOffset, offset);
    this.#lineOffset = offset;
    this.#problems.push({ line: this.#line, rule, severity, message: toMessage() });
  }

  /** Whether a problem of this kind was added, among the first hundred of its severity or not. */
  has(rule: Rule): boolean {
    return this.#rules.has(rule);
  }

  get recorded(): readonly Problem[] {
    return this.#problems;
  }

  /** How many more there were. */
  get omitted(): number {
    const { error, loss, remark } = this.#counts;
    return error + loss + remark - this.#problems.length;
  }
}

/** The line a byte offset lies in, counted from 1. */
export function lineAt(output: Buffer, offset: number): number {
  return 1 + countLineFeeds(output, 0, offset);
}

/** Byte by byte: faster than a native search that finds one every few bytes. */
function countLineFeeds(output: Buffer, from: number, to: number): number {
  let count = 0;
  for (let offset = from; offset < to; offset += 1) if (output[offset] === 0x0a) count += 1;
  return count;
}

/** A part of the output for a message: cut, cleaned, in quotes. */
export function quoteBytes(output: Buffer, start: number, end: number): string {
  return quote(output.toString('utf8', start, Math.min(end, start + 480)));
}
