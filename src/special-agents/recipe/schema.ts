/** The one description of a recipe: its types, its checks, and the schema for editors. */

import { z } from 'zod';
import { parseDuration, parseSize } from '../../cli/option-types.ts';
import { findDialogueProblem } from '../dialogue/complete.ts';
import { dialogueOfStep, phrases } from '../dialogue/schema.ts';
import { toHostGate } from '../section-writer.ts';
import { type LimitName, limitTable } from './limits.ts';
import { type Method, methodsOf } from './methods.ts';
import {
  complaining,
  duration,
  expression,
  pages,
  parsed,
  scalar,
  statusList,
  template,
  text,
  word,
  yesOrNo,
} from './schema-pieces.ts';

const described = {
  describe: text('what it is, for --help and the form').optional(),
  required: yesOrNo.optional(),
};

/** A parameter: an option of the command, a key of a source, a field of the form. */
const parameter = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal(['text', 'url', 'duration']),
      default: scalar.optional(),
      ...described,
    }),
    z.strictObject({
      type: z.literal('number'),
      default: z.number().optional(),
      least: z.int().min(0).optional(),
      most: z.int().max(999_999_999).optional(),
      ...described,
    }),
    z.strictObject({ type: z.literal('secret'), ...described }),
    z.strictObject({ type: z.literal('switch'), describe: described.describe }),
    z.strictObject({
      type: z.literal('choice'),
      of: z.array(z.string()).min(1),
      default: z.string().optional(),
      ...described,
    }),
    z.strictObject({
      type: z.literal('choices'),
      of: z.array(z.string()).min(1),
      default: z.array(z.string()).optional(),
      ...described,
    }),
    z.strictObject({
      type: z.literal('list'),
      default: z.array(z.string()).optional(),
      ...described,
    }),
  ],
  'must be text, url, secret, number, duration, switch, choice, choices or list',
);

const parse = z
  .union(
    [
      z.enum(['auto', 'json', 'xml', 'text', 'csv']),
      z.strictObject({ csv: z.strictObject({ separator: z.string().length(1) }) }),
      z.strictObject({
        regex: text('a regular expression with named groups'),
        flags: z
          .string()
          .regex(/^[imsu]*$/)
          .optional(),
      }),
    ],
    'must be auto, json, xml, text, csv or { regex: … }',
  )
  .describe('how an answer is read');

const keep = z
  .record(
    word,
    z.union([expression, z.strictObject({ from: expression, secret: yesOrNo.optional() })]),
  )
  .describe('what later steps need of the answer, by name');

const statuses = statusList('statuses that are good; 200 to 299 unless said');
const refuse = statusList(
  'statuses that mean a refused login, which ends the run; 401 always does',
);

/** What every step may have, whatever it asks with. */
const common = {
  name: word,
  describe: z.string().optional(),
  when: expression.optional(),
  for: expression.describe('once for each of what this finds, as {item} and $item').optional(),
  parallel: z.int().min(1).max(64).optional(),
  after: z.array(word).optional(),
  optional: yesOrNo.describe('a failure is no fault: the step is empty').optional(),
  cache: duration.optional(),
  timeout: duration.optional(),
  parse: parse.optional(),
  records: expression.optional(),
  keep: keep.optional(),
};

const methods = {
  get: template.optional(),
  post: template.optional(),
  put: template.optional(),
  patch: template.optional(),
  delete: template.optional(),
} satisfies Record<Method, unknown>;

const http = {
  ...methods,
  query: z.record(z.string(), z.union([scalar, z.array(scalar)])).optional(),
  headers: z.record(z.string(), scalar).optional(),
  json: z.unknown().optional(),
  form: z.record(z.string(), scalar).optional(),
  body: template.optional(),
  accept: statuses.optional(),
  refuse: refuse.optional(),
  pages: pages.optional(),
  origins: z.array(template).describe('other origins that links of answers may lead to').optional(),
};

const step = z
  .strictObject(
    { ...common, ...http, ...dialogueOfStep.shape, refuse: z.union([refuse, phrases]).optional() },
    'must be keys and values',
  )
  .superRefine((given, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message });
    const ways = [...methodsOf(given), ...(given.dialogue === undefined ? [] : ['dialogue'])];
    if (ways.length !== 1)
      return complain('must have one of get, post, put, patch, delete, dialogue');
    const isDialogue = given.dialogue !== undefined;
    const keys = Object.keys(isDialogue ? http : dialogueOfStep.shape);
    const alien = keys.find((name) => name !== 'refuse' && Reflect.get(given, name) !== undefined);
    if (alien !== undefined) return complain(`${alien} has no place in a step with ${ways[0]}`);
    const isOfStatuses = given.refuse?.some((one) => typeof one === 'number') ?? isDialogue;
    if (given.refuse !== undefined && isOfStatuses === isDialogue)
      return complain(`refuse must be a list of ${isDialogue ? 'texts' : 'statuses'}`);
    const { refuse: _, ...others } = given;
    const problem = isDialogue ? findDialogueProblem(others) : undefined;
    if (problem !== undefined) complain(problem);
  });

const lastStep = z
  .strictObject({ ...common, name: word.optional(), ...http }, 'must be keys and values')
  .refine(
    (given) => methodsOf(given).length === 1,
    'must have one of get, post, put, patch, delete',
  );

const reach = z
  .strictObject({
    first: word.describe('the list parameter that names servers'),
    as: word.describe('what the server that answered is called in the steps'),
    get: template,
    accept: statuses.optional(),
    timeout: duration.optional(),
  })
  .describe('of several servers that know the same, the first that answers is asked');

const service = z.strictObject({
  name: expression,
  state: expression,
  metrics: z.record(z.string().regex(/^[A-Za-z_][\w.-]*$/), expression).optional(),
  text: expression.optional(),
});

const hosts = z
  .union([z.string(), z.array(z.string()).min(1)], 'must be patterns of host names')
  .transform((given) => (typeof given === 'string' ? [given] : given))
  .superRefine((given, context) => {
    complaining(() => toHostGate(given), context);
  });

const section = z
  .strictObject(
    {
      name: z
        .string('must be a name')
        .regex(/^[A-Za-z0-9_]{1,80}$/, 'must be letters, digits and _'),
      separator: z.int('must be the code of a character').min(0).max(126).optional(),
      each: expression,
      json: expression.optional(),
      text: expression.optional(),
      line: z.array(expression).min(1).optional(),
      service: service.optional(),
      must: z
        .array(z.string())
        .min(1)
        .describe('keys of the JSON that a row has to have, else it is left out')
        .optional(),
      piggyback: expression.optional(),
      hosts: hosts.optional(),
      cache: duration.optional(),
      when: expression.optional(),
    },
    'must be keys and values',
  )
  .refine(
    ({ json, text: row, line, service: own }) =>
      [json, row, line, own].filter((way) => way !== undefined).length === 1,
    'must have one of json, text, line and service',
  )
  .refine(
    ({ piggyback, hosts: patterns }) => (piggyback === undefined) === (patterns === undefined),
    'piggyback needs hosts: patterns that say for whom, and hosts piggyback',
  );

function limit(name: LimitName) {
  const { kind, describe } = limitTable[name];
  if (kind === 'size') return parsed(parseSize, `a size, ${describe}`).optional();
  if (kind === 'time') return parsed(parseDuration, `a duration, ${describe}`).optional();
  return z.int().min(1).describe(describe).optional();
}

/** All of a recipe. */
export const recipeFile = z.strictObject(
  {
    recipe: z.literal(1, 'must be 1: the version of this format'),
    title: text('what it is for'),
    description: z.string().optional(),
    operands: word.describe('the parameter that arguments without a flag are for').optional(),
    parameters: z.record(word, parameter).default({}),
    http: z.record(word, z.union([scalar, z.array(scalar)])).default({}),
    limits: z
      .strictObject({
        body: limit('body'),
        memory: limit('memory'),
        expression: limit('expression'),
        text: limit('text'),
        depth: limit('depth'),
        records: limit('records'),
        rows: limit('rows'),
        pages: limit('pages'),
        loop: limit('loop'),
        atOnce: limit('atOnce'),
        requests: limit('requests'),
      })
      .default({}),
    reach: reach.optional(),
    steps: z.array(step, 'must be a list of steps').min(1, 'must not be empty'),
    finally: z.array(lastStep).default([]),
    sections: z.array(section, 'must be a list of sections').min(1, 'must not be empty'),
  },
  'must be keys and values',
);

export type RecipeFile = z.infer<typeof recipeFile>;
export type Parameter = z.infer<typeof parameter>;
export type HttpStep = z.infer<typeof step>;
export type LastStep = z.infer<typeof lastStep>;
export type RecipeSection = z.infer<typeof section>;
export type ParseAs = z.infer<typeof parse>;

/** Keys by the place where they belong, for hints on mistyped ones. */
export const knownKeys = {
  file: Object.keys(recipeFile.shape),
  step: [...Object.keys(common), ...Object.keys(http), ...Object.keys(dialogueOfStep.shape)],
  section: Object.keys(section.shape),
};

/** The schema for editors, which describes the file as people write it. */
export function toJsonSchema(): object {
  const schema = z.toJSONSchema(recipeFile, { io: 'input', unrepresentable: 'any' });
  return { title: 'a recipe of cmk-courier', ...schema };
}
