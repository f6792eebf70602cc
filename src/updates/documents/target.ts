/** What a host is to run: a signed target (update-documents.md#target). */

import { PayloadReader, writePayload } from '../../sealing/payload.ts';
import {
  type Audience,
  agentHashText,
  digestText,
  type Period,
  takeAudience,
  takeNumber,
  takePeriod,
  takeWord,
} from './words.ts';

const targetFormat = 'cmk-courier-target/1';

/** `keep`: run what there is, and ask for nothing new. */
export const targetActions = ['install', 'keep', 'remove-updater'] as const;
export type TargetAction = (typeof targetActions)[number];

/** The package that a host is to install. */
export interface TargetPackage {
  /** First 16 digits of the SHA-256 of its list of files; of the file itself for foreign packages. */
  readonly agentHash: string;
  readonly agentVersion: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly sha256: string;
}

export interface Target extends Period {
  readonly audience: Audience;
  /** One rising number for the whole server. */
  readonly counter: number;
  /** System and form of the package, such as `linux-tgz` or `linux-deb`. */
  readonly platform: string;
  /** The least version of the updater that understands the package. */
  readonly updaterMin: number;
  readonly selfTestSeconds: number;
  readonly action: TargetAction;
  /** There exactly when `action` is `install`. */
  readonly package: TargetPackage | undefined;
}

export const platformText = /^[a-z0-9]{1,16}-[a-z0-9]{1,16}$/;
export const agentVersionText = /^[A-Za-z0-9._+~-]{1,64}$/;

/** 64 MiB, as no package may be larger. */
export const mostPackageBytes = 64 * 1024 * 1024;

/** A day: a self test that takes longer is none. */
const mostSelfTestSeconds = 86_400;

/** The payload of a target. */
export function writeTarget(target: Target): Buffer {
  const { package: wanted } = target;
  return writePayload([
    ['format', targetFormat],
    ['audience', target.audience],
    ['counter', String(target.counter)],
    ['issued', target.issued],
    ['expires', target.expires],
    ['platform', target.platform],
    ['agent-hash', wanted?.agentHash ?? '-'],
    ['agent-version', wanted?.agentVersion ?? '-'],
    ['updater-min', String(target.updaterMin)],
    ['package-size', String(wanted?.size ?? 0)],
    ['package-sha256', wanted?.sha256 ?? '-'],
    ['self-test-seconds', String(target.selfTestSeconds)],
    ['action', target.action],
  ]);
}

/**
 * Reads the payload of a target whose signatures have been verified.
 *
 * @throws CourierError MALFORMED
 */
export function readTarget(payload: Buffer): Target {
  const reader = new PayloadReader(payload);
  reader.take('format', (value) => value === targetFormat);
  const audience = takeAudience(reader);
  const counter = takeNumber(reader, 'counter', 1);
  const period = takePeriod(reader);
  const platform = reader.take('platform', platformText);
  const agentHash = reader.take('agent-hash', orNone(agentHashText));
  const isPackage = agentHash !== '-';
  const agentVersion = reader.take('agent-version', isPackage ? agentVersionText : /^-$/);
  const updaterMin = takeNumber(reader, 'updater-min');
  const size = Number(reader.take('package-size', isPackage ? isPackageSize : /^0$/));
  const sha256 = reader.take('package-sha256', isPackage ? digestText : /^-$/);
  const selfTestSeconds = Number(reader.take('self-test-seconds', isSelfTest));
  const actions = targetActions.filter((action) => (action === 'install') === isPackage);
  const action = takeWord(reader, 'action', actions);
  reader.end();
  const wanted = isPackage ? { agentHash, agentVersion, size, sha256 } : undefined;
  return {
    ...{ audience, counter, ...period, platform },
    ...{ updaterMin, selfTestSeconds, action, package: wanted },
  };
}

function orNone(text: RegExp): (value: string) => boolean {
  return (value) => value === '-' || text.test(value);
}

function isPackageSize(value: string): boolean {
  return /^[1-9]\d{0,8}$/.test(value) && Number(value) <= mostPackageBytes;
}

function isSelfTest(value: string): boolean {
  return /^[1-9]\d{0,5}$/.test(value) && Number(value) <= mostSelfTestSeconds;
}
