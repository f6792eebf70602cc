/** What `cmk-courier hosts` prints with --json. Nothing loads it when the program runs. */

import { z } from 'zod';

const time = z.string().describe('a time, ISO 8601, UTC');
const texts = z.array(z.string());
const mode = z.enum(['push-agent', 'pull-agent']);

const hostsList = z.strictObject({
  hosts: z.array(
    z.looseObject({
      host: z.string(),
      uuid: z.string(),
      mode,
      certificates: z.array(z.strictObject({ serial: z.string(), notAfter: time })),
      piggyback: texts,
      registeredAt: time,
      registeredBy: z.string(),
      tookOver: z.strictObject({ uuid: z.string(), registeredBy: z.string(), at: time }).nullable(),
    }),
  ),
  requests: z.array(
    z.looseObject({
      host: z.string(),
      uuid: z.string(),
      state: z.enum(['new', 'allowed', 'declined']),
      mode,
      requestedAt: time,
      requestedBy: z.string(),
      address: z.string(),
      labels: z.record(z.string(), z.string()),
    }),
  ),
  accesses: z.array(
    z.looseObject({
      kind: z.enum(['user', 'upload', 'registration', 'certificate']),
      id: z.string(),
      hosts: texts,
      piggyback: texts,
      rights: texts,
      mode,
      createdAt: time,
      expiresAt: time.nullable(),
      certificates: z
        .array(z.strictObject({ serial: z.string(), notAfter: time }))
        .optional()
        .describe('of a certificate: what was issued for it'),
    }),
  ),
  relayed: z
    .array(z.strictObject({ host: z.string(), relay: z.string(), others: texts }))
    .describe('hosts that relays write for'),
  damaged: texts.describe('records that cannot be read'),
});

const hostsCertificate = z.strictObject({
  id: z.string().describe('its common name; hosts revoke takes it'),
  name: z.string(),
  hosts: texts,
  piggyback: texts,
  expiresAt: time.nullable().describe('when its rights end; null for as long as it is renewed'),
  serial: z.string(),
  notAfter: time.describe('when this certificate ends'),
  certificate: z.string().describe('PEM'),
  key: z.string().nullable().describe('PEM; null with --request'),
});

export const hostsDocuments = { 'hosts certificate': hostsCertificate, 'hosts list': hostsList };
