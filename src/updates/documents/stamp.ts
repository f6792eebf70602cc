/** What holds for one host just now: a signed stamp (update-documents.md#stamp). */

import { PayloadReader, writePayload } from '../../sealing/payload.ts';
import { serverText } from './root.ts';
import {
  type Audience,
  digestText,
  type Period,
  takeAudience,
  takeNumber,
  takePeriod,
  takeWord,
} from './words.ts';

const stampFormat = 'cmk-courier-stamp/1';
/** With the server that the host is to ask: for updaters of version 2 and above. */
const placedFormat = 'cmk-courier-stamp/2';

/** `hold` and `excluded` are for rollouts in stages; `none`: nothing is published for the host. */
const stampDecisions = ['offer', 'hold', 'disabled', 'excluded', 'none'] as const;
export type StampDecision = (typeof stampDecisions)[number];

/** The target that holds for a host. */
export interface StampTarget {
  readonly counter: number;
  /** Of the whole file, signatures included. */
  readonly sha256: string;
}

export interface HostStamp extends Period {
  readonly audience: Audience;
  /** Never falls for a host. */
  readonly serial: number;
  /** What the host asked with: 32 hexadecimal digits; undefined for a stamp that nobody asked for. */
  readonly nonce: string | undefined;
  /** The newest root of the server. */
  readonly rootVersion: number;
  /** Undefined where nothing is published for the host. */
  readonly target: StampTarget | undefined;
  readonly decision: StampDecision;
  /** Seconds until the host is to ask again. */
  readonly interval: number;
  /** Which of the servers of the root it is to ask first; left out: in their order. */
  readonly server?: string | undefined;
}

export const nonceText = /^[0-9a-f]{32}$/;

/** The payload of a stamp. */
export function writeStamp(stamp: HostStamp): Buffer {
  return writePayload([
    ['format', stamp.server === undefined ? stampFormat : placedFormat],
    ['audience', stamp.audience],
    ['serial', String(stamp.serial)],
    ['issued', stamp.issued],
    ['expires', stamp.expires],
    ['nonce', stamp.nonce ?? '-'],
    ['root-version', String(stamp.rootVersion)],
    ['target-counter', String(stamp.target?.counter ?? 0)],
    ['target-sha256', stamp.target?.sha256 ?? '-'],
    ['decision', stamp.decision],
    ['interval', String(stamp.interval)],
    ...(stamp.server === undefined ? [] : [['server', stamp.server] as const]),
  ]);
}

/**
 * Reads the payload of a stamp whose signatures have been verified.
 *
 * @throws CourierError MALFORMED
 */
export function readStamp(payload: Buffer): HostStamp {
  const reader = new PayloadReader(payload);
  const format = reader.take('format', (value) => value === stampFormat || value === placedFormat);
  const audience = takeAudience(reader);
  const serial = takeNumber(reader, 'serial', 1);
  const period = takePeriod(reader);
  const nonce = reader.take('nonce', (value) => value === '-' || nonceText.test(value));
  const rootVersion = takeNumber(reader, 'root-version', 1);
  const counter = takeNumber(reader, 'target-counter');
  const sha256 = reader.take('target-sha256', counter === 0 ? /^-$/ : digestText);
  const decisions = stampDecisions.filter((word) => word !== 'offer' || counter > 0);
  const decision = takeWord(reader, 'decision', decisions);
  const interval = Number(reader.take('interval', isInterval));
  const server = format === placedFormat ? reader.take('server', serverText) : undefined;
  reader.end();
  return {
    ...{ audience, serial, ...period, rootVersion, decision, interval },
    nonce: nonce === '-' ? undefined : nonce,
    target: counter === 0 ? undefined : { counter, sha256 },
    ...(server === undefined ? {} : { server }),
  };
}

/** From a minute to 31 days. */
function isInterval(value: string): boolean {
  return /^[1-9]\d{0,6}$/.test(value) && Number(value) >= 60 && Number(value) <= 2_678_400;
}
