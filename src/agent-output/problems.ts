/** What can be wrong with agent output, and where. */

import { quote } from '../faults/errors.ts';

/** Limits of ours that no real output comes near; the site has none. */
export const limits = { headerBytes: 4096, sections: 250_000, piggybackedHosts: 25_000 } as const;

export type Severity = 'error' | 'warning';

/** Every rule: how grave it is, and what breaks it. */
export const rules = {
  'empty-output': { severity: 'error', when: 'there is nothing but white space' },
  encrypted: { severity: 'error', when: 'the agent encrypted it; the passphrase is missing here' },
  'utf-16': { severity: 'error', when: 'it is UTF-16, which PowerShell writes' },
  'html-page': { severity: 'error', when: 'it is a web page, such as a login form' },
  'byte-order-mark': { severity: 'error', when: 'a UTF-8 mark hides the first section header' },
  'no-section': { severity: 'error', when: 'there is no section in it' },
  'junk-before-header': {
    severity: 'error',
    when: 'text stands before the first section header; a warning with `--lenient`',
  },
  'invalid-name': {
    severity: 'error',
    when: 'a section name holds other characters than letters, digits and `_`',
  },
  'invalid-utf-8': { severity: 'error', when: 'a section header is not UTF-8' },
  'invalid-cached': { severity: 'error', when: '`cached` lacks its two integers' },
  'invalid-persist': { severity: 'error', when: '`persist` lacks its integer' },
  'invalid-sep': { severity: 'error', when: '`sep` names no Unicode character' },
  'unknown-encoding': { severity: 'error', when: '`encoding` names no codec the site knows' },
  'header-too-long': {
    severity: 'error',
    when: `a section header is longer than ${limits.headerBytes} bytes`,
  },
  'piggyback-encoding': {
    severity: 'error',
    when: 'a piggybacked section has an encoding the site cannot read its header in again',
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
  'piggyback-of-itself': {
    severity: 'error',
    when: 'a block for the host itself would change its meaning without the section before it',
  },
  'main-host-in-piggyback': {
    severity: 'warning',
    when: 'a block for the host itself follows a piggybacked section and counts as piggyback',
  },
  'unusable-host-name': { severity: 'warning', when: 'a piggyback header names no possible host' },
  'no-check-mk-section': { severity: 'warning', when: 'the host has no section `check_mk`' },
} as const satisfies Record<string, { readonly severity: Severity; readonly when: string }>;

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
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0 };
  #line = 1;
  #lineOffset = 0;

  constructor(output: Buffer) {
    this.#output = output;
  }

  /** Adds a problem at a byte offset, which must not lie before the one added last. */
  add(rule: Rule, offset: number, toMessage: () => string): void {
    const { severity } = rules[rule];
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
    return this.#counts.error + this.#counts.warning - this.#problems.length;
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
