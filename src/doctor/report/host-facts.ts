/** The facts that each step of a host may tell, and nothing else of what it sends. */

import { z } from 'zod';
import { cleanText } from '../../faults/errors.ts';

/** What somebody else said: fit for one line, and cut. */
const text = z
  .string()
  .max(2000)
  .transform((said) => cleanText(said, 200));
const texts = z.array(text).max(64);
const count = z.int().min(0);
const port = z.int().min(1).max(65_535);
const state = z.enum(['open', 'refused', 'silent', 'unreachable', 'unknown']);
const unitState = z.string().regex(/^[a-z-]{1,20}$/);

const output = {
  bytes: count,
  sections: count,
  version: text,
  exit: count,
  timed_out: z.boolean(),
};

/** By step, in the order in which they are shown. */
export const hostFacts = {
  agent: z.object({ kind: z.enum(['checkmk', 'courier', 'none']), path: text, ...output }),
  dump: z.object(output),
  starter: z.object({
    systemd: z.boolean(),
    socket_unit: unitState,
    controller_unit: unitState,
    last_log: texts,
    xinetd: z.boolean(),
    inetd: z.boolean(),
    only_from: texts,
  }),
  listener: z.object({
    port,
    listeners: texts,
    processes: texts,
    addresses: texts,
    only_ipv6: z.boolean(),
    queue_full: z.boolean(),
  }),
  controller: z.object({
    path: text,
    version: text,
    socket_operational: z.boolean(),
    legacy_pull: z.boolean(),
    allowlist: texts,
    connections: count,
    push: count,
    pull: count,
    imported: count,
    sites: texts,
    uuids: texts,
    issuers: texts,
    valid_until: texts,
  }),
  legacy: z.object({
    registered: z.boolean(),
    legacy_pull: z.boolean(),
    site_address: text,
    site_allowed: z.boolean(),
  }),
  receiver: z.object({
    proxy: z.boolean(),
    server: text,
    site: text,
    addresses: texts,
    receiver_port: port,
    port_from: z.enum(['registration', 'discovery', 'assumed']),
    connect: state,
    web: state,
    tls: z.enum(['ok', 'expired', 'failed']),
    tls_until: text,
    remote: texts,
  }),
  clock: z.object({ epoch: z.int(), synchronised: z.boolean(), offset_s: z.int() }),
  system: z.object({
    full: texts,
    read_only: texts,
    tmp_noexec: z.boolean(),
    available_kb: count,
    denials: count,
  }),
  firewall: z.object({ tools: texts, rules: texts }),
} as const;

export type HostStepId = keyof typeof hostFacts;
