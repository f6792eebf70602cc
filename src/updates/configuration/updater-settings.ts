/** Settings of the updater on a host: as they stand in updates.yaml, and in its own file. */

import { z } from 'zod';
import { parsePositiveDuration, parseSize } from '../../cli/option-types.ts';
import { complaining, parsed } from '../../cli/schema-types.ts';
import { CourierError, quote } from '../../faults/errors.ts';

/** The client reads lines of printable ASCII, and nothing of it is run. */
function requireLine(text: string, context: z.RefinementCtx): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]{0,400}[\x21-\x7e])?$/.test(text)) return text;
  context.addIssue({ code: 'custom', message: 'must be a line of ASCII' });
  return z.NEVER;
}

const line = (describe: string) =>
  z.string(`must be ${describe}`).transform(requireLine).describe(describe);

const yesOrNo = (describe: string) =>
  z
    .boolean('must be true or false')
    .transform((is) => (is ? 'yes' : 'no'))
    .describe(describe);

function parseSeconds(text: string): string {
  const durationMs = parsePositiveDuration(text);
  if (durationMs % 1000 === 0) return String(durationMs / 1000);
  throw new CourierError('USAGE', 'must be whole seconds');
}

/** What a stamp can say: update-documents.md#stamp. */
function parseAskInterval(text: string): string {
  const inSeconds = Number(parseSeconds(text));
  if (inSeconds >= 60 && inSeconds <= 31 * 86_400) return String(inSeconds);
  throw new CourierError('USAGE', 'must be from 1m to 31d');
}

const seconds = (describe: string) => parsed(parseSeconds, describe);

const size = z
  .union([z.string(), z.number().transform(String)], 'must be a size such as 1MB')
  .transform((text, context) => complaining(() => String(parseSize(text)), context))
  .describe('a size such as 1MB');

function asNames(given: string | readonly string[], context: z.RefinementCtx): string {
  const names = typeof given === 'string' ? [given] : given;
  const wrong = names.find((name) => !/^[\w.@-]{1,80}$/.test(name));
  if (wrong === undefined) return names.join(',');
  context.addIssue({ code: 'custom', message: `must be names, not ${quote(wrong)}` });
  return z.NEVER;
}

const names = (describe: string) =>
  z
    .union([z.string(), z.array(z.string())], `must be ${describe}`)
    .transform(asNames)
    .describe(describe);

/** Each becomes the value of a line in the updater's own file. */
export const updaterSettings = {
  activated: yesOrNo('whether the updater does anything'),
  schedule: z
    .enum(['plugin', 'external'], 'must be plugin or external')
    .describe('the agent starts the updater as a cached plug-in, or cron or a timer does'),
  interval: parsed(parseAskInterval, 'a duration from 1m to 31d such as 1h'),
  client: z
    .enum(['curl', 'wget', 'busybox'], 'must be curl, wget or busybox')
    .describe('the program that fetches; by default whichever is there'),
  proxy: line('the address of a proxy, environment or none'),
  proxyAuthFile: line('the path of a file on the host with NAME:PASSWORD'),
  allowHttp: yesOrNo('whether a server may be asked over plain http'),
  timeout: seconds('a duration of whole seconds such as 60s'),
  log: line('the path of the log on the host'),
  logSize: size,
  syslog: yesOrNo('whether warnings go to syslog'),
  verbosity: z.enum(['quiet', 'normal', 'debug'], 'must be quiet, normal or debug'),
  lostSections: names('sections that a release may lose in its self test'),
  restart: names('units of systemd to restart after a release has taken over'),
};

export type UpdaterSetting = keyof typeof updaterSettings;

/** What the client calls them: docs/updates.md#updater-settings. */
export function toClientName(setting: string): string {
  return setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** For the agent, not for the client: where the updater is in a release. */
export const unwritten: readonly string[] = ['schedule'];
