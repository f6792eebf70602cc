/** The causes that a host may name in its report, and the fault that each is. */

import type { FaultCode } from '../../faults/errors.ts';

/** `agents/host/courier-doctor` has the same table; a test holds the two together. */
export const hostCauses = {
  'agent-missing': 'LOCAL',
  'agent-fails': 'PEER',
  'agent-slow': 'TIMEOUT',
  'agent-hangs': 'TIMEOUT',
  'output-empty': 'NO_OUTPUT',
  'output-html': 'MALFORMED',
  'output-encoding': 'MALFORMED',
  'socket-missing': 'LOCAL',
  'socket-refused': 'PEER',
  'socket-forbidden': 'REFUSED',
  'service-failed': 'LOCAL',
  'two-listeners': 'LOCAL',
  'only-from': 'REFUSED',
  'port-refused': 'UNREACHABLE',
  'port-hangs': 'TIMEOUT',
  'address-loopback': 'UNREACHABLE',
  'other-service': 'MALFORMED',
  'certificate-expired': 'REFUSED',
  'certificate-not-yet': 'REFUSED',
  'not-registered': 'REFUSED',
  'legacy-plain': 'REFUSED',
  'uuid-unknown': 'REFUSED',
  'dns-none': 'UNREACHABLE',
  'receiver-unreachable': 'UNREACHABLE',
  'receiver-certificate': 'REFUSED',
  'proxy-in-the-way': 'UNREACHABLE',
  'clock-wrong': 'LOCAL',
  'disk-full': 'LOCAL',
  'read-only': 'LOCAL',
  'selinux-denied': 'LOCAL',
  blocked: 'UNREACHABLE',
  unexplained: 'PEER',
} as const satisfies Record<string, FaultCode>;

export type HostCause = keyof typeof hostCauses;

export function isHostCause(code: string): code is HostCause {
  return Object.hasOwn(hostCauses, code);
}
