/**
 * What a relay sends in one request, and what it is answered (docs/protocol/relay.md). A message is
 * one line of JSON and then the bytes of the outputs it lists, one after the other.
 */

import { z } from 'zod';
import { CourierError, type FaultCode, faults } from '../faults/errors.ts';

/** No message of ours has more hosts. */
const mostHosts = 256;

const line = z.string().max(2000);
const milliseconds = z.number().min(0).max(1e13);
/** Since the epoch, as far as a Date goes: beyond it there is none that could be shown. */
const moment = z.number().min(-8.64e15).max(8.64e15);

const hostAbout = {
  host: z.string().max(255),
  /** How often the relay asks for it. */
  everyMs: milliseconds.optional(),
  /** How old its output may be, by the rules of the relay. */
  maxAgeMs: milliseconds.optional(),
};

const outputHeader = z.object({
  kind: z.literal('output'),
  ...hostAbout,
  producedAtMs: moment,
  /** Transport and place. */
  source: line,
  bytes: z.int().min(0),
});

const faultHeader = z.object({
  kind: z.literal('fault'),
  ...hostAbout,
  code: z.string().refine((code): code is FaultCode => Object.hasOwn(faults, code)),
  /** What the relay says of it, without the name of the program and the code. */
  line,
  /** How long ago it was. */
  ageMs: milliseconds,
  /** For how long it says something about now, from when it was. */
  validMs: milliseconds,
});

const header = z.object({
  version: z.string().max(100),
  startedAtMs: moment,
  /** The relay's clock when it sent this. */
  sentAtMs: moment,
  /** It is heard of again within this time. */
  contactMs: milliseconds,
  /** Hosts it asks for. */
  hosts: z.int().min(0),
  /** Hosts of which something is still to be sent, this message included. */
  waiting: z.int().min(0),
  /** It ends, as somebody wants it to. */
  isEnding: z.boolean().optional(),
  /** Each is judged for itself: what is wrong with one costs no other. */
  entries: z.array(z.unknown()).max(mostHosts),
});
const entryHeader = z.discriminatedUnion('kind', [outputHeader, faultHeader]);
/** What has to be known of an entry that is wrong: whose it is, and where the next one begins. */
const wrongHeader = z.object({
  host: z.string().max(2000).catch(''),
  bytes: z.int().min(0).optional(),
});

export type RelayNote = Omit<z.infer<typeof header>, 'entries'>;
type OutputHeader = z.infer<typeof outputHeader>;

export type RelayedOutput = Omit<OutputHeader, 'bytes'> & { readonly output: Buffer };
export type RelayedFault = z.infer<typeof faultHeader>;
export type RelayEntry = RelayedOutput | RelayedFault;

/** An entry that cannot be used, such as one of a later version. */
export interface WrongEntry {
  readonly kind: 'wrong';
  readonly host: string;
  readonly why: string;
}

export interface RelayMessage {
  readonly note: RelayNote;
  readonly entries: readonly RelayEntry[];
}

/** The same as it arrives. */
export interface ArrivedMessage {
  readonly note: RelayNote;
  readonly entries: readonly (RelayEntry | WrongEntry)[];
}

export function writeMessage({ note, entries }: RelayMessage): Buffer {
  const headers = entries.map((entry) => {
    if (entry.kind === 'fault') return entry;
    const { output, ...about } = entry;
    return { ...about, bytes: output.length };
  });
  const bodies = entries.flatMap((entry) => (entry.kind === 'output' ? [entry.output] : []));
  const head = Buffer.from(`${JSON.stringify({ ...note, entries: headers }, withoutEndless)}\n`);
  return Buffer.concat([head, ...bodies]);
}

/** JSON has no number for `maxAge: unlimited`: what has no end is left out. */
function withoutEndless(_: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? undefined : value;
}

/** The line of a whole message of ours has a third of it. Parsing it keeps all others waiting meanwhile. */
const longestHeader = 1024 * 1024;

/** @throws CourierError MALFORMED */
export function readMessage(bytes: Buffer): ArrivedMessage {
  const end = bytes.subarray(0, longestHeader).indexOf('\n');
  if (end === -1 && bytes.length >= longestHeader) throw malformed('its header is too long');
  const { entries, ...note } = readHeader(bytes.subarray(0, Math.max(0, end)));
  let at = end + 1;
  const read = entries.map((given) => {
    const entry = readEntry(given);
    if (entry.kind === 'fault') return entry;
    const { bytes: length = 0, ...about } = entry;
    const output = bytes.subarray(at, at + length);
    at += length;
    return about.kind === 'output' ? { ...about, output } : about;
  });
  if (at !== bytes.length) throw malformed('its parts are not as long as it says');
  return { note, entries: read };
}

/** @throws CourierError MALFORMED when not even its length is known */
function readEntry(given: unknown) {
  const { data, error } = entryHeader.safeParse(given);
  if (data !== undefined) return data;
  const wrong = wrongHeader.safeParse(given);
  if (!wrong.success) throw malformed(describeIssue(wrong.error));
  return { kind: 'wrong', ...wrong.data, why: describeIssue(error) } as const;
}

function readHeader(text: Buffer): z.infer<typeof header> {
  const parsed = header.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw malformed(describeIssue(parsed.error));
}

function describeIssue({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.') || 'its header'}: ${issue?.message ?? 'not as expected'}`;
}

function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    throw malformed('its header is no JSON');
  }
}

function malformed(why: string): CourierError {
  return new CourierError('MALFORMED', `this is no message of a relay: ${why}`);
}

const verdict = z.object({
  host: z.string(),
  /** As a request for this host alone would be answered: 204, 403, 429, 503, … */
  status: z.int().min(100).max(599),
  /** Why not, or what is to be told though it was taken. */
  message: z.string().optional(),
  retryAfterS: z.number().optional(),
});

const answer = z.object({
  /** The clock of the receiver. */
  nowMs: moment,
  /** What the receiver calls the relay. */
  relay: z.string(),
  /** One an entry, in its order. */
  verdicts: z.array(verdict),
});

export type Verdict = z.infer<typeof verdict>;
export type RelayAnswer = z.infer<typeof answer>;

/** @throws CourierError PEER */
export function readAnswer(bytes: Buffer, place: string): RelayAnswer {
  try {
    return answer.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    const what = `${place}: the answer is not that of a receiver for relays`;
    throw new CourierError('PEER', what, { cause: error });
  }
}
