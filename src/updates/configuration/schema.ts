/** The one description of updates.yaml: its types, its checks, and the schema for editors. */

import { z } from 'zod';
import { parsePath, parsePositiveDuration } from '../../cli/option-types.ts';
import { complaining, parsed, texts } from '../../cli/schema-types.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { toMatcher } from '../../routes/patterns.ts';
import { stageSettings } from './stage-schema.ts';
import { updaterSettings } from './updater-settings.ts';

const hostPatterns = texts('names, globs or /regular expressions/').superRefine(
  (given, context) => {
    for (const text of given) complaining(() => toMatcher(text.replace(/^!/, '')), context);
  },
);

/** What a host runs asynchronously, at most every so often; the agent knows whole seconds. */
function parseInterval(text: string): number {
  const intervalMs = parsePositiveDuration(text);
  if (intervalMs % 1000 === 0 && intervalMs < 1000 * 10 ** 7) return intervalMs / 1000;
  throw new CourierError('USAGE', `must be whole seconds, not ${quote(text)}`);
}

const interval = parsed(parseInterval, 'a duration of whole seconds such as 10m');

const yesOrNo = z
  .boolean('must be true or false')
  .describe('true: the one of that name of the site; false: none, whatever rules further down say');

const confidential = z
  .boolean('must be true or false')
  .optional()
  .describe('only root may read it on the host, and it never travels over plain http');

const from = parsed(parsePath, 'the path of a file').optional();

const content = z.string('must be text').optional().describe('what is in the file');

const oneSource = {
  message: 'wants from or content, not both',
};

const isOneSource = (given: { from?: string | undefined; content?: string | undefined }) =>
  given.from === undefined || given.content === undefined;

/** A plug-in or a local check: by its name alone, how often, or all of it. */
const script = z
  .union(
    [
      yesOrNo,
      interval,
      z
        .strictObject({ from, content, interval: interval.optional(), confidential })
        .refine(isOneSource, oneSource),
    ],
    'must be true, false, an interval such as 10m, or keys and values',
  )
  .transform((given) => {
    if (typeof given === 'boolean') return given ? {} : false;
    return typeof given === 'number' ? { interval: given } : given;
  });

/** A file of configuration, or a program. */
const file = z
  .union(
    [
      yesOrNo,
      parsed(parsePath, 'the path of a file'),
      z.strictObject({ from, content, confidential }).refine(isOneSource, oneSource),
    ],
    'must be true, false, the path of a file, or keys and values',
  )
  .transform((given) => {
    if (typeof given === 'boolean') return given ? {} : false;
    return typeof given === 'string' ? { from: given } : given;
  });

const named = <Value extends z.ZodType>(value: Value, describe: string) =>
  z.record(z.string(), value, `must be ${describe}`).describe(describe);

/** Each entry is a parameter of its own: the first rule that has it counts. */
const parameters = {
  agent: z
    .string('must be auto, checkmk, courier-agent or the path of a file')
    .min(1, 'must not be empty')
    .describe('auto, checkmk, courier-agent, or the path of a file'),
  package: z
    .string('must be text')
    .min(1, 'must not be empty')
    .describe('the name of an imported package, installed as it is in place of all else'),
  format: z.enum(['tgz', 'deb'], 'must be tgz or deb').describe('how it comes to the host'),
  action: z
    .enum(['install', 'keep', 'remove-updater'], 'must be install, keep or remove-updater')
    .describe('keep: leave what is installed as it is; remove-updater: switch the updater off'),
  selfTest: parsed(parseInterval, 'a duration of whole seconds such as 5m'),
  plugins: named(script, 'names of plug-ins, and for each true, false, an interval, or more'),
  local: named(script, 'names of local checks, and for each true, false, an interval, or more'),
  config: named(file, 'paths below the configuration of the agent, and the file for each'),
  programs: named(file, 'names of programs for plug-ins, and the file for each'),
  updater: z
    .strictObject(updaterSettings, 'must be keys and values')
    .partial()
    .describe('how the updater on the host goes about it'),
};

/** Texts that fit an expression, each perhaps with `!` in front. */
function fitting(describe: string, one: string, expression: RegExp) {
  return texts(describe).superRefine((given, context) => {
    const wrong = given.find((text) => !expression.test(text.replace(/^!/, '')));
    if (wrong === undefined) return;
    context.addIssue({ code: 'custom', message: `must be ${one}, not ${quote(wrong)}` });
  });
}

const conditions = {
  hosts: hostPatterns.optional(),
  groups: texts('names of groups, of which the host is in one').optional(),
  folders: fitting(
    'folders of Setup, in or below one of which the host is',
    'a folder such as /servers',
    /^\/\S*$/,
  ).optional(),
  sites: fitting(
    'sites, one of which monitors the host',
    'the id of a site',
    /^[A-Za-z_][\w-]{0,63}$/,
  ).optional(),
  tags: texts('tags the host must have; with ! in front, must not have').optional(),
  labels: texts('labels the host must have; with ! in front, must not have').optional(),
};

const rule = z.strictObject(
  {
    name: z.string('must be a text').min(1, 'must not be empty').optional(),
    ...conditions,
    ...z.object(parameters).partial().shape,
  },
  'must be keys and values',
);

const stage = z.strictObject({ ...stageSettings, ...conditions }, 'must be keys and values');

/** All of updates.yaml. */
export const updatesFile = z.strictObject(
  {
    hostList: parsed(parsePath, 'the path of a file with NAME ADDRESS TAG LABEL…').optional(),
    groups: named(hostPatterns, 'names of groups, and for each its hosts').optional(),
    stages: z
      .array(stage, 'must be a list of stages')
      .min(1, 'must not be empty')
      .max(100, 'must be 100 at most')
      .optional()
      .describe('in which stages hosts get what is published; the last one is for all'),
    rules: z.array(rule, 'must be a list of rules').min(1, 'must not be empty'),
  },
  'must be keys and values',
);

export type UpdatesFile = z.output<typeof updatesFile>;
export type RuleInFile = UpdatesFile['rules'][number];
export type StageInFile = NonNullable<UpdatesFile['stages']>[number];
export type ScriptInFile = Exclude<z.output<typeof script>, false>;
export type FileInFile = Exclude<z.output<typeof file>, false>;

/** Keys by the place where they belong, for hints on mistyped ones. */
export const knownKeys = {
  file: Object.keys(updatesFile.shape),
  rule: Object.keys(rule.shape),
  stage: Object.keys(stage.shape),
  updater: Object.keys(updaterSettings),
  script: ['from', 'content', 'interval', 'confidential'],
  entry: ['from', 'content', 'confidential'],
};

/** The schema for editors, which describes the file as people write it. */
export function toJsonSchema(): object {
  return z.toJSONSchema(updatesFile, { io: 'input', unrepresentable: 'any' });
}
