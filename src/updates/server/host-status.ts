/** One line of the status of updates: what a host has, is to have, and what is wrong. */

import { formatDuration } from '../../times/durations.ts';
import { silentIntervals } from '../rollout/tally.ts';
import { decide } from './deciding.ts';
import type { HostFacts } from './host-facts.ts';

export interface HostStatus {
  readonly host: string;
  /** 0: nothing is wrong; higher is worse. */
  readonly severity: number;
  /** What is wrong or under way, in words. */
  readonly text: string;
  /** `revoked`, `unregistered`, `registered` (never asked), or what the host said last. */
  readonly state: string;
  readonly decision: string;
  readonly reason: string;
  /** Of rollouts in stages; null where there is none. */
  readonly stage: string | null;
  readonly target: { readonly counter: number; readonly agentHash: string } | null;
  readonly downloaded: { readonly sha256: string; readonly at: string } | null;
  readonly installed: {
    readonly agentHash: string;
    readonly counter: number;
    readonly since: string | null;
  } | null;
  readonly rootVersion: number | null;
  readonly platform: string | null;
  readonly transport: string | null;
  readonly lastContact: string | null;
  readonly address: string | null;
  /** Milliseconds since the last contact, once they are more than a host may be silent. */
  readonly silentMs: number | null;
  readonly code: string | null;
  readonly error: string | null;
  readonly isCloned: boolean;
}

/** @param nowMs milliseconds since the epoch */
export function toStatus(facts: HostFacts, nowMs: number): HostStatus {
  const { host, identity, contact, target } = facts;
  const { standing } = contact ?? {};
  const step = decide(facts);
  const silent = findSilence(facts, nowMs);
  const { severity, text } = judge(facts, silent);
  const hasAgent = standing !== undefined && standing.installedHash !== '-';
  return {
    ...{ host, severity, text },
    state: stateOf(facts),
    decision: step.reason,
    reason: step.words,
    stage: facts.placement.stage?.name ?? null,
    target: target ? { counter: target.counter, agentHash: target.agentHash } : null,
    downloaded: contact?.downloaded ?? null,
    installed: hasAgent
      ? {
          agentHash: standing.installedHash,
          counter: standing.installedCounter,
          since: contact?.installedSince ?? null,
        }
      : null,
    rootVersion: standing?.rootVersion ?? null,
    platform: standing?.platform ?? null,
    transport: standing?.transport ?? null,
    lastContact: identity && contact ? contact.lastContact : null,
    address: contact?.address ?? null,
    silentMs: silent ?? null,
    code: standing === undefined || standing.code === '-' ? null : standing.code,
    error: standing?.error || null,
    isCloned: contact?.row.isCloned ?? false,
  };
}

/** The worst first; equals by their names. */
export function worstFirst(statuses: readonly HostStatus[]): readonly HostStatus[] {
  return [...statuses].sort(
    (a, b) => b.severity - a.severity || (a.host < b.host ? -1 : Number(a.host > b.host)),
  );
}

function stateOf({ identity, contact }: HostFacts): string {
  if (identity === undefined) return 'unregistered';
  if (identity.revokedAt !== undefined) return 'revoked';
  return contact?.standing?.state ?? 'registered';
}

function findSilence(
  { identity, contact, intervalSeconds }: HostFacts,
  nowMs: number,
): number | undefined {
  if (contact === undefined || identity === undefined) return undefined;
  if (identity.revokedAt !== undefined) return undefined;
  const forMs = nowMs - Date.parse(contact.lastContact);
  return forMs > silentIntervals * intervalSeconds * 1000 ? forMs : undefined;
}

interface Judgement {
  readonly severity: number;
  readonly text: string;
}

/** The first that holds, the worst first. */
function judge(facts: HostFacts, silent: number | undefined): Judgement {
  const { identity, contact, target } = facts;
  const { standing } = contact ?? {};
  const isCurrent = target !== undefined && standing?.installedCounter === target.counter;
  const isRevoked = identity?.revokedAt !== undefined;
  const code = standing?.code ?? '-';
  const findings: readonly (readonly [holds: boolean, severity: number, text: string])[] = [
    [isRevoked, 2, `revoked ${identity?.revokedAt ?? ''}`],
    [contact?.row.isCloned === true, 9, 'E-CLONE: two machines use its secret'],
    [standing?.state === 'returned', 8, `a release was taken back: ${code}`],
    [code !== '-', 7, `${code}: ${standing?.error ?? ''}`],
    [silent !== undefined, 6, `silent for ${formatDuration(silent ?? 0)}`],
    [decide(facts).reason === 'refused', 5, 'refuses the package that is offered'],
    [identity === undefined, 4, 'not registered: cmk-courier updates register-token'],
    [standing === undefined, 3, 'registered, and has not asked yet'],
    [target !== undefined && !isCurrent, 1, describeWay(facts)],
  ];
  const [, severity = 0, text = 'up to date'] = findings.find(([holds]) => holds) ?? [];
  return { severity, text: severity === 0 && target === undefined ? 'nothing is published' : text };
}

/** How far the host is on its way to its target. */
function describeWay(facts: HostFacts): string {
  const { contact, target } = facts;
  if (decide(facts).reason !== 'offer') return decide(facts).words;
  const hasPackage = contact?.downloaded?.sha256 === target?.packageSha256;
  return hasPackage ? 'has fetched its package' : 'is offered its package';
}
