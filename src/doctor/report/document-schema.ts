/** The shape of the document that `doctor --json` prints, for its JSON Schema and for tests. */

import { z } from 'zod';

const text = z.string();
const time = z.string().describe('a time, ISO 8601, UTC');
const milliseconds = z.int().min(0).describe('milliseconds');
const side = z.enum(['site', 'host']);

const step = z.strictObject({
  id: text,
  side,
  title: text,
  status: z.enum(['ok', 'warning', 'fault', 'skipped', 'unknown', 'crashed']),
  source: z
    .enum(['probe', 'state', 'report'])
    .describe('looked at just now, recorded by a running part, or told by the host'),
  code: text.nullable().describe('the cause; docs/doctor.md has a heading for each'),
  text,
  raw_error: text.nullable(),
  evidence: z.record(
    text,
    z.union([text, z.number(), z.boolean(), z.null(), z.array(text).readonly()]),
  ),
  depends_on: z.array(text),
  duration_ms: milliseconds.nullable(),
});

export const portFinding = z.strictObject({
  direction: z.enum(['in', 'out']),
  proto: z.enum(['tcp', 'udp']),
  port: z.int().min(1).max(65_535),
  address: text.nullable(),
  state: z.enum(['open', 'refused', 'silent', 'unreachable', 'unknown']),
  needed_by: text,
  raw_error: text.nullable(),
});

const count = z.int().min(0);

export const doctorDocument = z.strictObject({
  schema: z.literal(1),
  program: text,
  host: text,
  address: text.nullable(),
  site: z.strictObject({
    name: text.nullable(),
    version: text.nullable(),
    edition: text.nullable(),
  }),
  run: text.describe('of one look; a report of the host has the same when it was asked for by it'),
  started: time,
  duration_ms: milliseconds,
  original: z
    .strictObject({ command: text, exit: z.int().nullable(), text })
    .nullable()
    .describe('what Checkmk said in the first place; null: nobody could read it'),
  verdict: z.enum(['ok', 'warning', 'fault', 'unknown']),
  cause: z
    .strictObject({
      code: text,
      fault: text,
      exit: z.int(),
      side: z.enum(['site', 'path', 'host']),
      step: text,
      text,
      fix: z.array(z.strictObject({ side, command: text })),
      see: text,
    })
    .nullable(),
  steps: z.array(step),
  ports: z.array(portFinding),
  summary: z.strictObject({
    ok: count,
    warning: count,
    fault: count,
    skipped: count,
    unknown: count,
    crashed: count,
  }),
});
