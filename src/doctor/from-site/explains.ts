/**
 * Which faults of a host explain what the site has seen. Others may be true and are shown; they are
 * no reason for it: a clock that is wrong refuses no connection.
 */

import type { CauseCode } from '../causes.ts';
import type { HostCause } from '../report/host-causes.ts';

/** What keeps an agent from being started or from writing. */
const machine = ['disk-full', 'read-only', 'selinux-denied'] as const;
const starting = ['agent-missing', 'service-failed', 'two-listeners', ...machine] as const;
const socket = ['socket-missing', 'socket-refused', 'socket-forbidden'] as const;
const running = ['agent-fails', 'agent-slow', 'agent-hangs'] as const;
const printing = ['output-empty', 'output-html', 'output-encoding'] as const;
const pushing = [
  'receiver-unreachable',
  'receiver-certificate',
  'certificate-expired',
  'certificate-not-yet',
  'clock-wrong',
  'uuid-unknown',
  'dns-none',
  'proxy-in-the-way',
] as const;

const explanations: Partial<Record<CauseCode, readonly HostCause[]>> = {
  'port-refused': [...starting, ...socket, 'port-refused', 'address-loopback'],
  'port-closed-at-once': [...starting, ...socket, ...running, 'output-empty', 'only-from'],
  'port-hangs': [...starting, ...socket, ...running, 'other-service'],
  'output-empty': [...starting, ...socket, ...running, 'output-empty'],
  'agent-hangs': [...running, ...machine],
  'other-service': ['other-service', 'two-listeners'],
  'output-torn': [...running, ...printing, ...machine],
  'push-stale': [...starting, ...socket, ...running, ...pushing, 'not-registered', 'output-empty'],
};

/** @param seen by the site, a fault of the connection or of what came */
export function explains(told: CauseCode | null, seen: CauseCode): boolean {
  return explanations[seen]?.some((code) => code === told) ?? false;
}
