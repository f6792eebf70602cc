/** Why no agent output could be delivered, as codes, exit codes and one line for people. */

import { redactSecrets } from './redaction.ts';

/** A fault and all that is decided by its code alone, so that a new code needs an answer to each. */
interface Fault {
  /** The exit code. Public: never reused, only added to. */
  readonly exit: number;
  /** Nobody answered: a collector asks such a host, or peer, ever more seldom. */
  readonly silence: boolean;
  /** Whether the last good output may stand in, where a route has grace. A mistake is told at once. */
  readonly grace: boolean;
  /** Whether a transport that several fetches share is opened anew: a new secret may lie there by now. */
  readonly reopen: boolean;
  /** The reason a receiver gives its sender (src/receiver/refusal.ts). */
  readonly refusal: string;
  /** When it is raised, for the table in README.md. */
  readonly when: string;
}

/** Every fault the program knows. README.md shows this table; a test holds the two together. */
export const faults = {
  INTERNAL: {
    exit: 1,
    silence: false,
    grace: false,
    reopen: false,
    refusal: 'internal',
    when: 'a bug of ours; `--debug` shows where',
  },
  USAGE: {
    exit: 2,
    silence: false,
    grace: false,
    reopen: false,
    refusal: 'bad-request',
    when: 'an option or argument is wrong or missing',
  },
  CONFIG: {
    exit: 3,
    silence: false,
    grace: false,
    reopen: false,
    refusal: 'storage',
    when: 'a file of ours is wrong; file and line are named',
  },
  LOCAL: {
    exit: 4,
    silence: false,
    grace: true,
    reopen: false,
    refusal: 'storage',
    when: 'something is missing or full on this machine',
  },
  UNREACHABLE: {
    exit: 5,
    silence: true,
    grace: true,
    reopen: false,
    refusal: 'storage',
    when: 'no name, no route, nobody listens, or the connection was lost',
  },
  TIMEOUT: {
    exit: 6,
    silence: true,
    grace: true,
    reopen: false,
    refusal: 'too-slow',
    when: 'the peer did not answer in time; the time is named',
  },
  REFUSED: {
    exit: 7,
    silence: false,
    grace: true,
    reopen: true,
    refusal: 'forbidden',
    when: 'credentials, certificate or host key not accepted, by them or by us',
  },
  PEER: {
    exit: 8,
    silence: false,
    grace: true,
    reopen: false,
    refusal: 'storage',
    when: 'the peer answered with a failure of its own',
  },
  NO_OUTPUT: {
    exit: 9,
    silence: false,
    grace: true,
    reopen: false,
    refusal: 'storage',
    when: 'the peer is fine and has nothing for this host',
  },
  STALE: {
    exit: 10,
    silence: false,
    grace: true,
    reopen: false,
    refusal: 'bad-request',
    when: 'there is output, but older than `--max-age`, from the future, or of an age nobody can read',
  },
  TOO_LARGE: {
    exit: 11,
    silence: false,
    grace: true,
    reopen: false,
    refusal: 'too-large',
    when: 'more than `--max-size`',
  },
  MALFORMED: {
    exit: 12,
    silence: false,
    grace: true,
    reopen: false,
    refusal: 'malformed',
    when: 'it is not agent output, or damaged; line and rule are named',
  },
  INTERRUPTED: {
    exit: 143,
    silence: false,
    grace: false,
    reopen: false,
    refusal: 'storage',
    when: 'SIGTERM ended us (130: SIGINT, 129: SIGHUP)',
  },
} as const satisfies Record<string, Fault>;

export type FaultCode = keyof typeof faults;

interface CourierErrorOptions extends ErrorOptions {
  readonly where?: readonly string[];
  readonly isSecondHand?: boolean;
}

/** The only thing this program throws on purpose. */
export class CourierError extends Error {
  override readonly name = 'CourierError';
  readonly code: FaultCode;
  /** What the line on stderr names before the message, such as transport and host. */
  readonly where: readonly string[] | undefined;
  /** Whether who was asked only passes it on: whatever its code says, somebody has answered here. */
  readonly isSecondHand: boolean;

  constructor(code: FaultCode, message: string, options?: CourierErrorOptions) {
    super(message, options);
    this.code = code;
    this.where = options?.where;
    const { cause } = options ?? {};
    this.isSecondHand =
      options?.isSecondHand ?? (cause instanceof CourierError && cause.isSecondHand);
  }

  get exitCode(): number {
    return faults[this.code].exit;
  }
}

/** Whether nobody answered who was asked. */
export function isSilence({
  code,
  isSecondHand,
}: Pick<CourierError, 'code' | 'isSecondHand'>): boolean {
  return faults[code].silence && !isSecondHand;
}

/** The same fault with what was being done put in front, once; keeps the cause. */
export function prefixError(error: CourierError, doing: string): CourierError {
  return new CourierError(error.code, `${doing}: ${error.message}`, { cause: error });
}

const longestLine = 300;

/**
 * Text of foreign origin made fit for one line: no line breaks, control characters,
 * bidirectional marks or `|` (Checkmk separates performance data with it), no lone
 * surrogate (Checkmk decodes stderr as strict UTF-8), no secret.
 */
export function cleanText(text: string, longest = longestLine): string {
  const clean = redactSecrets(text)
    .toWellFormed()
    .replaceAll('|', '¦')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const points = Array.from(clean);
  return points.length <= longest ? clean : `${points.slice(0, longest - 1).join('')}…`;
}

/** What a peer said, cut and cleaned, in quotes. */
export function quote(said: string): string {
  return `"${cleanText(said, 120).replaceAll('"', "'")}"`;
}

/**
 * The one line for stderr: `cmk-courier: <where>: <what>: <why> (<CODE>)`.
 * At most 300 characters; the code always survives the cut.
 */
export function stderrLine(error: CourierError, where: readonly string[]): string {
  const end = ` (${error.code})`;
  const hint = error.code === 'INTERNAL' ? '; this is a bug, --debug shows where' : '';
  const start = ['cmk-courier', ...where, error.message].join(': ');
  return cleanText(start, longestLine - end.length - hint.length) + hint + end;
}
