/** The one description of the routes file: its types, its checks, and the schema for editors. */

import { z } from 'zod';
import { parsePiggybackRule, parseSectionRule } from '../agent-output/filter.ts';
import {
  parseDuration,
  parseDurationOrUnlimited,
  parsePath,
  parsePositiveDuration,
  parseSize,
} from '../cli/option-types.ts';
import { complaining, parsed, texts } from '../cli/schema-types.ts';
import { CourierError } from '../faults/errors.ts';
import { parseSourceUri } from '../transports/source.ts';
import { toMatcher } from './patterns.ts';
import type { ReportKind, RouteSource } from './route.ts';

const shortest = 1000;

function parseInterval(text: string): number {
  const everyMs = parsePositiveDuration(text);
  if (everyMs >= shortest) return everyMs;
  throw new CourierError('USAGE', 'must be at least 1s');
}

const yesOrNo = (describe: string) => z.boolean('must be true or false').describe(describe);

const reportWords = 'must be none, local, section or both';

/** May stand in `defaults` and in every route. */
const settings = {
  maxAge: parsed(parseDurationOrUnlimited, 'a duration such as 5m, or unlimited'),
  maxSkew: parsed(parseDuration, 'a duration such as 1m'),
  maxSize: z
    .union([z.string(), z.number().transform(String)], 'must be a size such as 64MiB')
    .transform((text, context) => complaining(() => parseSize(text), context))
    .describe('a size such as 64MiB, or a number of bytes'),
  deadline: parsed(parsePositiveDuration, 'a duration such as 50s'),
  timeout: parsed(parsePositiveDuration, 'a duration such as 10s'),
  grace: parsed(parseDuration, 'a duration such as 30m; 0s for none'),
  every: parsed(parseInterval, 'a duration such as 1m'),
  pool: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be letters, digits, - and _')
    .describe('the network that a collector of a pool must reach to ask (`--pool-network`)'),
  pick: z.enum(['first', 'freshest'], 'must be first or freshest').describe('which output counts'),
  lenient: yesOrNo('lets a web page ahead of the sections pass'),
  strict: yesOrNo('refuses what some version of the site would drop a part of'),
  report: z
    .union(
      [
        z.boolean(reportWords).transform((is): ReportKind => (is ? 'local' : 'none')),
        z.enum(['none', 'local', 'section', 'both'], reportWords),
      ],
      reportWords,
    )
    .describe('how to tell where the output came from: as a local check, a section, or both'),
  seal: z
    .enum(['enrolled', 'required'], 'must be enrolled or required')
    .describe('whether output has to be sealed: as the enrolment of the host says, or always'),
  piggyback: texts('allow, drop, refuse, or patterns of host names').transform((given, context) =>
    complaining(() => parsePiggybackRule(given), context),
  ),
  sections: texts('names or globs of sections; with ! in front, to leave out').transform(
    (given, context) => complaining(() => parseSectionRule(given), context),
  ),
  passphraseFile: parsed(parsePath, 'the path of a file with a passphrase'),
  passphraseId: parsed(String, 'ID:FILE of Checkmk’s password store'),
};

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** An option of a transport, as it would stand on the command line. */
const option = z.union(
  [scalar.transform((text) => [text]), z.array(scalar)],
  'must be a text, a number, true or false, or a list of these',
);

const uriWords = 'a source such as https://depot.example/{host}';

const uri = z
  .string(`must be ${uriWords}`)
  .superRefine((text, context) => {
    complaining(() => parseSourceUri(text), context, { isSentence: true });
  })
  .describe(uriWords);

type SourceInFile = Omit<RouteSource, 'line'>;

const source = z
  .union(
    [
      uri.transform((text): SourceInFile => ({ uri: text, timeoutMs: undefined, options: {} })),
      z
        .object({ uri, timeout: settings.timeout.optional() })
        .catchall(option)
        .transform(
          ({ uri: text, timeout: timeoutMs, ...options }): SourceInFile => ({
            uri: text,
            timeoutMs,
            options,
          }),
        ),
    ],
    'must be a URI, or a URI with options',
  )
  .describe('a URI, or a URI with options of its transport');

const sources = z.union(
  [z.array(source).min(1, 'must not be empty'), source.transform((only) => [only])],
  'must be a source or a list of sources',
);

const hosts = texts('names, globs or /regular expressions/').superRefine((given, context) => {
  for (const text of given) complaining(() => toMatcher(text), context);
});

const route = z.strictObject(
  {
    name: z.string('must be a text').min(1, 'must not be empty').optional(),
    hosts,
    tags: texts('tags the host must have; with ! in front, must not have').optional(),
    sources: sources.describe('asked in this order'),
    with: sources.describe('asked beside them: what they bring is added to the output').optional(),
    ...z.object(settings).partial().shape,
  },
  'must be keys and values',
);

const count = (least: number, most: number, describe: string) =>
  z
    .int(`must be a whole number from ${least} to ${most}`)
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`)
    .describe(describe);

const collector = z.strictObject({
  concurrency: count(1, 4096, 'fetches at a time').default(128),
  perPeer: count(1, 1024, 'fetches at a time from one peer that serves several hosts').default(8),
  hostList: parsed(parsePath, 'the path of a file with NAME ADDRESS TAG…').optional(),
});

/** All of routes.yaml. */
export const routesFile = z.strictObject(
  {
    defaults: z.strictObject(z.object(settings).partial().shape).optional(),
    collector: collector.optional(),
    routes: z.array(route, 'must be a list of routes').min(1, 'must not be empty'),
  },
  'must be keys and values',
);

export type RoutesFile = z.infer<typeof routesFile>;
export type SettingsInFile = NonNullable<RoutesFile['defaults']>;

/** Keys by the place where they belong, for hints on mistyped ones. */
export const knownKeys = {
  file: Object.keys(routesFile.shape),
  defaults: Object.keys(settings),
  collector: Object.keys(collector.shape),
  route: Object.keys(route.shape),
};

/** The schema for editors, which describes the file as people write it. */
export function toJsonSchema(): object {
  return z.toJSONSchema(routesFile, { io: 'input', unrepresentable: 'any' });
}
