/**
 * What commands print with --json, one document each: docs/json/ is made of it, and every command is
 * tested against it. Nothing loads it when the program runs.
 */

import { z } from 'zod';
import { brokerDocuments } from '../broker/json-documents.ts';
import { collectorStatus, relayStatuses } from '../collector/status-shape.ts';
import { doctorDocument, portFinding } from '../doctor/report/document-schema.ts';
import { faults } from '../faults/errors.ts';
import { hostsDocuments } from '../receiver/administration/hosts-documents.ts';
import { sealsList, sealsPending } from '../receiver/administration/seal-documents.ts';
import { updatesDocuments } from '../updates/json-documents.ts';

const codes = Object.keys(faults);

const bytes = z.int().min(0).describe('bytes');
const milliseconds = z.number().describe('milliseconds');
const line = z.int().min(1).describe('line of the file, counted from 1');
const time = z.string().describe('a time, ISO 8601, UTC');
const code = z.enum(codes).describe('a fault');
const texts = z.array(z.string());

const check = z.strictObject({
  files: z.array(
    z.strictObject({
      file: z.string(),
      sections: z.int(),
      piggybackedHosts: texts,
      problems: z.array(
        z.strictObject({ line, rule: z.string(), severity: z.string(), message: z.string() }),
      ),
      omittedProblems: z.int().describe('problems that are not listed'),
      fault: z.strictObject({ code, message: z.string() }).nullable(),
    }),
  ),
});

const packageVerify = z.strictObject({
  files: z.array(
    z.strictObject({
      file: z.string(),
      bytes,
      name: z.string().nullable().describe('null: the manifest cannot be read'),
      version: z.string().nullable(),
      title: z.string().nullable(),
      minRequired: z.string().nullable().describe('a version of Checkmk'),
      usableUntil: z.string().nullable().describe('the first version it is not for; null: none'),
      parts: z.array(z.strictObject({ part: z.string(), files: z.int(), bytes })),
      problems: z.array(
        z.strictObject({ rule: z.string(), severity: z.string(), message: z.string() }),
      ),
      omittedProblems: z.int().describe('problems that are not listed'),
      fault: z.strictObject({ code, message: z.string() }).nullable(),
    }),
  ),
});

const probe = z.strictObject({
  probe: z.literal('tcp'),
  address: z.string(),
  port: z.int(),
  finding: z.string(),
  marker: z.string().optional().describe('the first two bytes, if any came'),
  what: z.string(),
  meaning: z.string(),
  code: code.optional(),
  durationMs: milliseconds,
});

const validate = z.strictObject({
  path: z.string(),
  routes: z.int(),
  problems: z.array(z.strictObject({ line, message: z.string() })),
});

const explainedSettings = z.strictObject({
  pick: z.enum(['first', 'freshest']),
  maxAgeMs: milliseconds.nullable().describe('null: unlimited'),
  maxSkewMs: milliseconds,
  maxSizeBytes: bytes,
  deadlineMs: milliseconds,
  timeoutMs: milliseconds.nullable().describe('null: a share of the deadline'),
  graceMs: milliseconds.describe('0: none'),
  piggyback: texts.describe('allow, drop, refuse, or patterns'),
  sections: texts.describe('empty: all'),
  lenient: z.boolean(),
  strict: z.boolean(),
  seal: z.enum(['enrolled', 'required']),
  report: z.enum(['none', 'local', 'section', 'both']),
  everyMs: milliseconds.nullable().describe('null: only when the site asks'),
  passphraseFile: z.string().nullable(),
  passphraseId: z.string().nullable(),
});

const explainedSource = z.strictObject({
  uri: z.string(),
  transport: z.string(),
  line,
  options: z.record(z.string(), texts).describe('as on the command line'),
  timeoutMs: milliseconds.nullable(),
});

const explain = z.strictObject({
  path: z.string(),
  host: z.string(),
  passedOver: z.array(z.strictObject({ name: z.string(), line, why: z.string() })),
  route: z
    .strictObject({
      name: z.string(),
      line,
      sources: z.array(explainedSource),
      with: z.array(explainedSource).describe('asked beside them; their sections are added'),
      settings: explainedSettings,
    })
    .nullable(),
});

const rehearsed = z.strictObject({
  transport: z.string(),
  source: z.string(),
  durationMs: milliseconds,
  code: z.enum(['OK', ...codes]),
  message: z.string(),
  ageMs: milliseconds.optional(),
  bytes: bytes.optional(),
  sections: z.int().optional(),
  passedOver: z.string().optional().describe('what the source has that is newer, and why not'),
});

const routesTest = z.strictObject({
  route: z.string(),
  sources: z.array(rehearsed),
  with: z
    .array(
      z.strictObject({
        ...rehearsed.shape,
        added: z
          .int()
          .optional()
          .describe('sections that a fetch adds; left out where it adds none'),
        left: texts.optional().describe('what is there already and is not added'),
      }),
    )
    .describe('asked beside them'),
  delivered: z.discriminatedUnion('from', [
    z.strictObject({
      from: z.literal('source'),
      source: z.int().min(1),
      ageMs: milliseconds.optional(),
    }),
    z.strictObject({ from: z.literal('grace'), ageMs: milliseconds }),
    z.strictObject({ from: z.literal('nothing') }),
  ]),
  verdict: z.string(),
});

const hostcheck = z.strictObject({
  state: z.enum(['UP', 'DOWN', 'UNKNOWN']),
  text: z.string(),
  ageMs: milliseconds.optional().describe('of the output in the spool'),
  maxAgeMs: milliseconds.optional(),
});

const certificates = z.strictObject({
  directory: z.string(),
  certificates: z.array(
    z.strictObject({
      what: z.string(),
      file: z.string(),
      subject: z.string(),
      names: texts,
      validFrom: time,
      validUntil: time,
      daysLeft: z.int(),
      fingerprint: z.string().describe('SHA-256'),
    }),
  ),
  objection: z.string().nullable().describe('why hosts would refuse the server certificate'),
  warnings: texts,
});

const revoked = z.strictObject({
  revoked: z.array(z.strictObject({ serial: z.string(), uuid: z.string(), already: z.boolean() })),
});

const sshTrust = z.strictObject({
  hosts: z.array(
    z.strictObject({
      host: z.string(),
      port: z.int(),
      file: z.string(),
      keys: z.array(
        z.strictObject({
          type: z.string(),
          fingerprint: z.string(),
          state: z.string(),
          before: z.string().optional().describe('fingerprint of the key known so far'),
          recorded: z.boolean(),
        }),
      ),
    }),
  ),
});

const rules = z.strictObject({
  ruleSet: z.string(),
  rules: z
    .array(
      z.strictObject({
        id: z.string(),
        folder: z.string(),
        ours: z.boolean().describe('made by cmk-courier rule install'),
        disabled: z.boolean(),
        hosts: texts.describe('none means every host; ~ stands ahead of an expression'),
        exceptHosts: texts,
        labels: texts,
        tags: z.boolean().describe('tags of the host decide as well'),
        description: z.string(),
        value: z.string().describe('a literal of Python'),
      }),
    )
    .describe('in the order in which they count'),
});

/** By command line; the name of a schema's file has hyphens in the place of blanks. */
export const jsonSchemas: Readonly<Record<string, z.ZodType>> = {
  check,
  doctor: doctorDocument,
  'doctor site': doctorDocument,
  'doctor ports': z.strictObject({ role: z.string(), ports: z.array(portFinding) }),
  'package verify': packageVerify,
  'probe tcp': probe,
  'routes validate': validate,
  'routes explain': explain,
  'routes test': routesTest,
  status: z.union([collectorStatus, z.strictObject({ relays: relayStatuses })]),
  hostcheck,
  ...hostsDocuments,
  'seals list': sealsList,
  'seals pending': sealsPending,
  'certs init': certificates,
  'certs show': certificates,
  'certs server': certificates,
  'certs revoke': revoked,
  'ssh-trust': sshTrust,
  'rule show': rules,
  ...brokerDocuments,
  ...updatesDocuments,
};
