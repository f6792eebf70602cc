/** What `cmk-courier broker` prints with --json. Nothing loads it when the program runs. */

import { z } from 'zod';

const bytes = z.int().min(0).describe('bytes');
const milliseconds = z.number().describe('milliseconds');
const time = z.string().describe('a time, ISO 8601, UTC');
const texts = z.array(z.string());

const brokerCheck = z.strictObject({
  stream: z.string(),
  server: z.string(),
  replicas: z.int(),
  leader: z.string().nullable().describe('null: a server of its own, or no leader just now'),
  hosts: z.int(),
  bytes,
  differences: z.array(
    z.strictObject({
      setting: z.string(),
      is: z.string(),
      wanted: z.string(),
      weight: z.enum(['loses', 'differs']).describe('loses: outputs get lost, or old ones win'),
    }),
  ),
  remarks: texts,
});

const brokerShow = z.strictObject({
  host: z.string(),
  subject: z.string(),
  sequence: z.int(),
  bytes,
  producedAt: time.nullable().describe('null: it cannot be read'),
  storedAt: time,
  ageMs: milliseconds.nullable(),
  headers: z.record(z.string(), z.string()),
  seal: z
    .array(z.strictObject({ step: z.string(), isGood: z.boolean(), message: z.string() }))
    .nullable()
    .describe('how opening it goes here; null: it is not sealed'),
});

/** By command line. */
export const brokerDocuments: Readonly<Record<string, z.ZodType>> = {
  'broker check': brokerCheck,
  'broker show': brokerShow,
};
