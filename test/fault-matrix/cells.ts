/** Runs the cells of the matrix: one chain of sources each, of which some have a fault. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { SourceStep } from '../../src/fetching/attempt.ts';
import { file } from '../../src/transports/file/file.ts';
import { http } from '../../src/transports/http/http.ts';
import { parseSourceUri, type Source } from '../../src/transports/source.ts';
import type { TransportModule } from '../../src/transports/transport.ts';
import { makeHost, makeOutput, toTarget } from '../conformance/fetching.ts';
import type { ConformancePeer } from '../conformance/peer.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import { putFile } from '../helpers/put-file.ts';
import { collectOnce } from './collecting.ts';
import { makeFaultySource, whileFaulty } from './faulty-source.ts';
import { deadlineMs, modes, type Outcome } from './modes.ts';
import { type CellKind, type FaultKind, faultKinds, type Variant } from './variant.ts';
import { judge, type Verdict } from './verdict.ts';

export const positions = ['first', 'later', 'all'] as const;

/** Which sources of the chain have the fault: the first, one behind a dead one, or all. */
export type Position = (typeof positions)[number];

export interface Cell {
  readonly variant: Variant;
  readonly kind: CellKind;
  readonly position: Position;
  /** Name of the mode. */
  readonly mode: string;
}

export interface Result extends Cell {
  readonly verdict: Verdict;
}

/** A cell of a source that has a fault. */
interface FaultCell extends Cell {
  readonly kind: FaultKind;
}

/** A cell with all that is to be asked for in it. */
interface Chain {
  readonly cell: FaultCell;
  readonly host: string;
  readonly steps: readonly SourceStep[];
  /** What the sources without fault have. */
  readonly good: Buffer;
  /** What the faulty ones have, or had. */
  readonly bait: Buffer;
}

/** All cells of a variant, with one peer. `drops` is an empty directory for good output. */
export async function runVariant(variant: Variant, drops: string): Promise<readonly Result[]> {
  const peer = await variant.start();
  try {
    const results: Result[] = [];
    for (const kind of faultKinds) results.push(...(await runFault(kind, variant, peer, drops)));
    results.push(...(await runOlder(variant, peer)));
    return results;
  } finally {
    await peer.close();
  }
}

/** All cells of one fault, with the same verdict. */
export function giveAll(variant: Variant, kind: CellKind, verdict: Verdict): readonly Result[] {
  return toCells(variant, kind).map((cell) => ({ ...cell, verdict }));
}

function toCells<Kind extends CellKind>(
  variant: Variant,
  kind: Kind,
): readonly (Cell & { readonly kind: Kind })[] {
  return Object.keys(modes).flatMap((mode) =>
    positions.map((position) => ({ variant, kind, position, mode })),
  );
}

async function runFault(
  kind: FaultKind,
  variant: Variant,
  peer: ConformancePeer,
  drops: string,
): Promise<readonly Result[]> {
  const expected = variant.expected[kind];
  if (typeof expected !== 'string') {
    await assertImmune(kind, variant, peer);
    return giveAll(variant, kind, { kind: 'not applicable', because: expected.because });
  }
  const cells = toCells(variant, kind);
  const chains = await Promise.all(cells.map((cell) => makeChain(cell, peer, drops)));
  return whileFaulty(kind, peer, () => Promise.all(chains.map((chain) => runChain(chain, peer))));
}

/** Older output after newer, in two cycles of a collector: the newer one stays. */
async function runOlder(variant: Variant, peer: ConformancePeer): Promise<readonly Result[]> {
  const { stale } = variant.expected;
  if (typeof stale !== 'string') {
    return giveAll(variant, 'older', { kind: 'not applicable', because: stale.because });
  }
  const [host, good, bait] = [makeHost(), makeOutput(), makeOutput()];
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
  await peer.offer(host, good, ago(30));
  const step = { source: peer.source, name: variant.transport, module: peer.module };
  const change = () => peer.offer(host, bait, ago(90));
  const outcome = await collectOnce([step], rules, toTarget(host, peer), { deadlineMs, change });
  const verdict = judge(outcome, { good }, bait);
  const once = { kind: 'not applicable', because: 'one fetch knows of no other' } as const;
  return giveAll(variant, 'older', verdict).map((cell) =>
    cell.mode === 'collector' ? cell : { ...cell, verdict: once },
  );
}

/** A peer that could have the fault after all has no excuse; any can hold what is old. */
async function assertImmune(
  kind: FaultKind,
  variant: Variant,
  peer: ConformancePeer,
): Promise<void> {
  if (kind === 'stale') return;
  const place = { host: makeHost(), bait: makeOutput() };
  const source = await makeFaultySource(kind, variant, peer, place);
  assert.equal(source, undefined, `${variant.name} has a source for ${kind}`);
}

/** It ends a source that hangs; no other source has so short a time. */
const hangingMs = 700;

/** Nobody listens at this address of this machine. */
const deadSource = 'http://127.77.0.1:9/{host}';

async function makeChain(cell: FaultCell, peer: ConformancePeer, drops: string): Promise<Chain> {
  const { variant, kind, position } = cell;
  const [host, good, bait] = [makeHost(), makeOutput(), makeOutput()];
  await putFile(join(drops, host), good);
  const source = await makeFaultySource(kind, variant, peer, { host, bait });
  assert.ok(source !== undefined, `${variant.name} has no source for ${kind}`);
  const limit = kind === 'hanging' ? { timeoutMs: hangingMs } : {};
  const faulty = { source, name: variant.transport, module: peer.module, ...limit };
  const dead = toStep('http', http, deadSource);
  const working = toStep('file', file, join(drops, '{host}'));
  const steps = {
    first: [faulty, working],
    later: [dead, faulty, working],
    all: [faulty, faulty],
  } as const satisfies Record<Position, readonly SourceStep[]>;
  return { cell, host, steps: steps[position], good, bait };
}

function toStep(name: string, module: TransportModule, uri: string): SourceStep {
  const source: Source = { uri: parseSourceUri(uri), options: {} };
  return { source, name, module };
}

const rules = { ...defaultRules, maxOutputBytes: 64 * 1024 * 1024 };

async function runChain(chain: Chain, peer: ConformancePeer): Promise<Result> {
  const { cell, host, steps, good, bait } = chain;
  const { variant, kind, position } = cell;
  const mode = modes[cell.mode];
  const code = variant.expected[kind];
  assert.ok(mode !== undefined && typeof code === 'string');
  const outcome: Outcome = await mode(steps, rules, toTarget(host, peer));
  const expected = position === 'all' ? { code, host, transport: variant.transport } : { good };
  return { ...cell, verdict: judge(outcome, expected, bait) };
}
