/** What can be wrong with a package, and how grave that is. */

import { CourierError } from '../../faults/errors.ts';

/**
 * `error`: a site refuses it, reads something else than is told here, or writes where a package has
 * no business. `warning`: it can be installed, and is not as it should be.
 */
export type Severity = 'error' | 'warning';

interface RuleRow {
  readonly severity: Severity;
  readonly when: string;
}

/** Every rule; nothing else decides about severities. */
export const rules = {
  'not-gzip': { severity: 'error', when: 'it does not begin as gzip does' },
  damaged: { severity: 'error', when: 'gzip or tar is cut off, or its sums do not fit' },
  'trailing-data': { severity: 'error', when: 'something follows the end of gzip or tar' },
  'not-utf-8': {
    severity: 'error',
    when: 'a name, `info` or `info.json` is not UTF-8, or begins with a mark',
  },
  'extra-member': {
    severity: 'error',
    when: 'it holds something else than `info`, `info.json` and the parts of the manifest, such as `./info`',
  },
  'double-member': {
    severity: 'error',
    when: 'a member is there twice: which one counts is chance',
  },
  'irregular-member': { severity: 'error', when: 'a member is a link, a directory or a device' },
  'missing-member': { severity: 'error', when: '`info` or the archive of a part is missing' },
  'no-info-json': {
    severity: 'warning',
    when: '`info.json` is missing, which programs other than Checkmk read',
  },
  'not-a-literal': {
    severity: 'error',
    when: '`info` is no Python literal: `null`, `true` and code are none',
  },
  'missing-field': { severity: 'error', when: 'the manifest lacks a field' },
  'wrong-type': {
    severity: 'error',
    when: 'a field is no text, or `files` no lists of texts by part',
  },
  'invalid-name': {
    severity: 'error',
    when: 'the name does not begin with a letter, or holds others than letters, digits, `_` and `-`',
  },
  'odd-name': { severity: 'warning', when: 'the name holds letters that are not ASCII' },
  'invalid-version': {
    severity: 'error',
    when: 'the version is empty, or holds `/`, blanks or control characters',
  },
  'odd-version': {
    severity: 'warning',
    when: 'the version is not `X.Y.Z`, `X.Y.Z-rc1` or the like',
  },
  'unreadable-bound': {
    severity: 'warning',
    when: 'a bound is no version of Checkmk, and the site does not check it',
  },
  'empty-range': {
    severity: 'error',
    when: '`usable_until` is not above `min_required`: no site is between',
  },
  'unknown-part': {
    severity: 'error',
    when: 'the manifest names a part that Checkmk does not know',
  },
  'outdated-part': {
    severity: 'warning',
    when: 'newer versions of Checkmk do not look into a part',
  },
  'no-files': { severity: 'warning', when: 'the package holds no file' },
  'unsafe-path': {
    severity: 'error',
    when: 'a path is absolute or too long, or holds `.`, `..`, an empty part, a backslash, a control character or a `-` in front',
  },
  'double-file': { severity: 'error', when: 'two files have the same place on the site' },
  'file-as-folder': { severity: 'error', when: 'one file is the folder of another' },
  'missing-file': {
    severity: 'error',
    when: 'the manifest lists a file that is not in the archive',
  },
  'unlisted-file': {
    severity: 'error',
    when: 'an archive holds a file that the manifest does not list',
  },
  'info-json-differs': {
    severity: 'error',
    when: '`info.json` is no JSON, or says something else than `info`',
  },
  'wrong-file-name': { severity: 'error', when: 'the file is not called `NAME-VERSION.mkp`' },
  'never-run': {
    severity: 'warning',
    when: 'a file in `libexec` is not called `agent_…` or `check_…`',
  },
  'no-program': {
    severity: 'warning',
    when: 'a file in `bin` or `libexec` begins neither with `#!` nor as an executable',
  },
} as const satisfies Readonly<Record<string, RuleRow>>;

export type Rule = keyof typeof rules;

export interface Problem {
  readonly rule: Rule;
  readonly severity: Severity;
  /** What is wrong, cleaned for a terminal. */
  readonly message: string;
}

/** Takes what is wrong, as it is found. */
export type Complain = (rule: Rule, message: string) => void;

/** Bytes that cannot be read on. */
export class Unreadable extends CourierError {
  readonly rule: Rule;

  constructor(rule: Rule, message: string, options?: ErrorOptions) {
    super('MALFORMED', message, options);
    this.rule = rule;
  }
}
