/** What parts in other processes answer, checked. */

import { z } from 'zod';
import { hostStates, partNames } from '../model.ts';

const moment = z.number().optional();
const level = z.enum(['ok', 'warn', 'bad']);
const unit = z.enum(['count', 'per-second', 'seconds', 'bytes', 'ratio', 'days']);

export const partShape = z.object({
  name: z.enum(partNames),
  state: z.enum(['well', 'absent', 'ailing']),
  version: z.string().optional(),
  startedAtMs: moment,
  pid: z.number().optional(),
  troubles: z.array(z.string()),
  // Other versions of the program do not say any.
  notices: z.array(z.object({ text: z.string(), sinceMs: moment })).optional(),
});

const faultShape = z.object({ code: z.string(), line: z.string(), atMs: z.number() });

const rowShape = z.object({
  host: z.string(),
  state: z.enum(hostStates),
  route: z.string().optional(),
  source: z.string().optional(),
  folder: z.string().optional(),
  producedAtMs: moment,
  bytes: z.number().optional(),
  durationMs: z.number().optional(),
  everyMs: z.number().optional(),
  failures: z.number(),
  fault: faultShape.optional(),
  silentAfterMs: z.number().optional(),
});

export const batchShape = z.object({
  rows: z.array(rowShape),
  cursor: z.string(),
  isWhole: z.boolean(),
});

const seriesShape = z.object({
  name: z.string(),
  label: z.string(),
  unit,
  startMs: z.number(),
  stepMs: z.number(),
  values: z.array(z.number().nullable()),
});

const factsShape = z.array(
  z.object({ label: z.string(), value: z.string(), atMs: moment, level: level.optional() }),
);

const attemptShape = z.object({
  role: z.enum(['chain', 'with']),
  source: z.string(),
  scheme: z.string(),
  outcome: z.enum(['good', 'fault', 'skipped', 'untried']),
  atMs: moment,
  durationMs: z.number().optional(),
  code: z.string().optional(),
  line: z.string().optional(),
  bytes: z.number().optional(),
  producedAtMs: moment,
});

const sectionShape = z.object({
  name: z.string(),
  bytes: z.number(),
  cachedAtMs: moment,
  cachedForMs: z.number().optional(),
});

export const hostShape = z
  .object({
    served: z.enum(['output', 'grace', 'fault', 'nothing']),
    backoff: z.enum(['none', 'waiting', 'retrying']),
    isRunning: z.boolean(),
    nextDueAtMs: z.number(),
    address: z.string(),
    sources: z.array(attemptShape),
    series: z.array(seriesShape),
    sections: z.array(sectionShape),
    sectionCount: z.number(),
    piggybacked: z.array(z.object({ host: z.string(), sections: z.number(), bytes: z.number() })),
    piggybackedCount: z.number(),
    remarks: z.array(z.string()),
    seal: factsShape,
    relayed: factsShape,
    registration: factsShape,
    update: factsShape,
    refusal: faultShape,
  })
  .partial();

const columnShape = z.object({
  label: z.string(),
  unit: z.union([unit, z.literal('moment')]).optional(),
});

const tableShape = z.object({
  name: z.string(),
  title: z.string(),
  columns: z.array(columnShape),
  rows: z.array(z.object({ level, cells: z.array(z.union([z.string(), z.number()])) })),
  whenEmpty: z.string(),
  count: z.number(),
});

const figureShape = z.object({
  name: z.string(),
  label: z.string(),
  unit,
  value: z.number(),
  level,
  note: z.string().optional(),
  series: seriesShape.optional(),
});

export const panelsShape = z.array(
  z.object({
    name: z.string(),
    title: z.string(),
    part: z.enum(partNames),
    figures: z.array(figureShape),
    tables: z.array(tableShape),
  }),
);
