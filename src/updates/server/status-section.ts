/**
 * The section that shows updates in the service "Check_MK Agent", made here for a host that cannot
 * report: the age of its last contact is in it (agent-updates.md#section).
 */

import { decide } from './deciding.ts';
import type { HostFacts } from './host-facts.ts';

/** @param serverUrl the first server of the root */
export function toSection(facts: HostFacts, serverUrl: string | undefined): string {
  const { host, contact, identity, target } = facts;
  const { standing } = contact ?? {};
  const hasAgent = standing !== undefined && standing.installedHash !== '-';
  const isPending =
    target !== undefined &&
    contact?.downloaded?.sha256 === target.packageSha256 &&
    standing?.installedHash !== target.agentHash;
  const asked = identity === undefined || standing === undefined ? undefined : contact?.lastContact;
  const section = {
    last_check: asked === undefined ? null : toEpoch(asked),
    last_update:
      hasAgent && contact?.installedSince !== undefined ? toEpoch(contact.installedSince) : null,
    aghash: hasAgent ? standing.installedHash : null,
    pending_hash: isPending ? target.agentHash : null,
    update_url: serverUrl ?? null,
    error: findError(facts),
    trusted_certs: null,
    host_name: host,
  };
  return `<<<cmk_update_agent_status:sep(0)>>>\n${JSON.stringify(section)}\n`;
}

function toEpoch(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** In the words that Checkmk's check looks for: it has parameters of its own for two of them. */
function findError(facts: HostFacts): string | null {
  const { host, contact, identity } = facts;
  const { reason } = decide(facts);
  if (contact?.row.isCloned) return 'E-CLONE: two machines use the secret of this host';
  if (identity?.revokedAt !== undefined) return `E-AUTH: ${host} is revoked`;
  const { standing } = contact ?? {};
  if (standing !== undefined && standing.code !== '-') {
    return ungarbled(`${standing.code}: ${standing.error}`);
  }
  if (reason === 'disabled') return 'deployment is currently globally disabled';
  if (reason === 'excluded') return `agent updates are disabled for host ${host}`;
  return null;
}

/** Checkmk cuts a text in which all three of these words stand. */
function ungarbled(text: string): string {
  return text.replaceAll('last_check', 'last check').replaceAll('last_update', 'last update');
}
