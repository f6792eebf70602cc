/** The options of `fetch`, by what they are for; those of sources are with their transports. */

import { formOptions } from '../cli/form-options.ts';
import {
  parseDuration,
  parseDurationOrUnlimited,
  parseOneOf,
  parsePath,
  parsePositiveDuration,
  parseSize,
} from '../cli/option-types.ts';
import type { OptionTable } from '../cli/options.ts';
import { parseAddress, parseHostName } from '../names/host-name.ts';
import { secretOptions } from '../secrets/secret-options.ts';
import { defaultMaxSkew } from '../times/skew.ts';

export const hostOptions = {
  host: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'name of the host in Checkmk; replaces {host} in sources',
    parse: parseHostName,
    required: true,
  },
  address: {
    kind: 'value',
    placeholder: 'ADDRESS',
    describe: 'address of the host; replaces {address} in sources',
    parse: parseAddress,
    fallback: '',
  },
} as const satisfies OptionTable;

/** What belongs to a route when there is one. */
export const ruleOptions = {
  deadline: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'time for all sources together; keep it below the service check timeout of the site',
    parse: parsePositiveDuration,
    fallback: '50s',
  },
  timeout: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'time for each source; without it each gets an equal share of what is left',
    parse: parsePositiveDuration,
  },
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'refuse older output, where it can be known when it was produced; or unlimited',
    parse: parseDurationOrUnlimited,
    fallback: '5m',
  },
  maxSkew: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'refuse output from further in the future',
    parse: parseDuration,
    fallback: defaultMaxSkew,
  },
  maxSize: {
    kind: 'value',
    placeholder: 'SIZE',
    describe: 'refuse larger output, compressed or not',
    parse: parseSize,
    fallback: '64MiB',
  },
  ...secretOptions('passphrase', 'the passphrase of output the agent encrypts'),
  pick: {
    kind: 'value',
    placeholder: 'first|freshest',
    describe: 'which output counts: that of the first source that has any, or the newest of all',
    parse: parseOneOf('first', 'freshest'),
    fallback: 'first',
  },
  grace: {
    kind: 'value',
    placeholder: 'DURATION',
    describe:
      'when every source fails, the last good output stands in for so long, marked as cached',
    parse: parseDuration,
    fallback: '0s',
  },
  report: {
    kind: 'value',
    placeholder: 'HOW',
    describe:
      'tell how the output came: local for a local check, section for the plug-ins of the Checkmk package, both, or none',
    parse: parseOneOf('none', 'local', 'section', 'both'),
    fallback: 'none',
  },
  seal: {
    kind: 'value',
    placeholder: 'enrolled|required',
    describe:
      'when output has to be sealed: as the enrolment of the host says, or always (`cmk-courier seals`)',
    parse: parseOneOf('enrolled', 'required'),
    fallback: 'enrolled',
  },
  ...formOptions,
  piggyback: {
    kind: 'list',
    placeholder: 'RULE',
    describe: 'sections for other hosts: allow (default), drop, refuse, or patterns of host names',
    parse: String,
  },
  sections: {
    kind: 'list',
    placeholder: 'NAMES',
    describe: 'sections to keep, such as df,cpu,lnx_*; with ! in front, to leave out',
    parse: String,
  },
} as const satisfies OptionTable;

/** Options that find the route when no SOURCE is given. */
export const routeOptions = {
  routes: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'without SOURCE: the routes file; by default routes.yaml of the site or user',
    parse: parsePath,
  },
  tags: {
    kind: 'list',
    placeholder: 'TAGS',
    describe: 'without SOURCE: the host\'s tags, for routes with conditions: "$_HOSTTAGS$"',
    parse: String,
  },
} as const satisfies OptionTable;

export const spoolOptions = {
  spool: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'where the last good output is kept for `--grace`, or for routes with grace',
    parse: parsePath,
  },
} as const satisfies OptionTable;

/** Options that may stand behind `--or`, beside those of its sources. */
export const alternatives = { timeout: ruleOptions.timeout } as const satisfies OptionTable;
