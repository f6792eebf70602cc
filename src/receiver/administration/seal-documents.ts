/** What `cmk-courier seals list` and `pending` print with --json. */

import { z } from 'zod';

const time = z.string().describe('a time, ISO 8601, UTC');
const texts = z.array(z.string());

const sealKey = z.strictObject({
  kind: z.enum(['key', 'mac']).describe('an RSA key, or a shared secret'),
  id: z.string().describe('SHA-256 of the key, in hexadecimal digits'),
  fingerprint: z.string().describe('the same as people compare it'),
  label: z.string(),
  since: z.string().describe('a day'),
  until: z.string().nullable().describe('the last day it is good; null: for ever'),
  revoked: z.string().nullable().describe('the day it was revoked'),
  piggyback: texts.describe('names or patterns of other hosts'),
  state: z.string().describe('in words'),
});

export const sealsList = z.strictObject({
  enrolments: z.array(
    z.union([
      z.strictObject({
        name: z.string().describe('a host or a pattern'),
        optionalUntil: z.string().nullable().describe('up to that day a seal is not required'),
        acceptedLast: time.nullable().describe('when the last drop was produced'),
        keys: z.array(sealKey),
      }),
      z.strictObject({ name: z.string(), fault: z.string() }),
    ]),
  ),
});

export const sealsPending = z.strictObject({
  keys: z.array(
    z.strictObject({
      host: z.string(),
      id: z.string(),
      fingerprint: z.string(),
      requestedBy: z.string(),
      requestedAt: time,
      address: z.string(),
      enrolled: texts.describe('fingerprints of keys that are good for the host now'),
    }),
  ),
});
