/** What commands about updates print with --json, one document each. Nothing loads it when the program runs. */

import { z } from 'zod';

const line = z.int().min(1).describe('line of the file, counted from 1');
const texts = z.array(z.string());

export const updatesValidate = z.strictObject({
  path: z.string(),
  rules: z.int(),
  problems: z.array(z.strictObject({ line, message: z.string() })),
});

export const updatesExplain = z.strictObject({
  path: z.string(),
  host: z.string(),
  tags: texts,
  labels: texts,
  parameters: z.array(
    z.strictObject({
      parameter: z.string().describe('such as plugins.mk_apt'),
      value: z.string().describe('in words'),
      rule: z.string(),
      line,
    }),
  ),
  passedOver: z.array(z.strictObject({ rule: z.string(), line, why: z.string() })),
});

export const updatesAudit = z.strictObject({
  entries: z.array(
    z.strictObject({
      time: z.string().describe('ISO 8601, UTC'),
      user: z.string(),
      what: z.string(),
      before: z.string(),
      after: z.string(),
    }),
  ),
});
