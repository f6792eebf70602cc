/** Which answers of a host are good enough (agent-port.md#policy). */

import type { MarkerKind } from './marker.ts';

export const policies = ['tls_encrypted_only', 'any_encrypted', 'any_and_plain'] as const;

export type Policy = (typeof policies)[number];

/** Why an answer is refused. */
export type Refusal = 'registered' | 'tls-enforced' | 'encryption-enforced';

/**
 * Why this answer of a host is refused; undefined when it is allowed. A registered host must speak
 * TLS whatever the policy says, so that nobody in between can downgrade it. TLS is never refused
 * here.
 */
export function findRefusal(
  kind: MarkerKind,
  isRegistered: boolean,
  policy: Policy,
): Refusal | undefined {
  if (kind === 'tls') return undefined;
  if (isRegistered) return 'registered';
  if (policy === 'tls_encrypted_only') return 'tls-enforced';
  if (policy === 'any_encrypted' && kind === 'plain') return 'encryption-enforced';
  return undefined;
}
