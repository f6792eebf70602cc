/** The options of `collect --forward`. */

import { parsePath, parsePositiveDuration, parseText } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { secretOptions } from '../secrets/secret-options.ts';
import { httpOptions } from '../web/options.ts';

import { parseWebPlace, type WebPlace } from '../web/place.ts';
import { tlsOptions } from '../web/tls-options.ts';

/** Those of a web client that make sense here. */
const webOptions = {
  ...secretOptions('token', 'the token of this relay'),
  ...tlsOptions,
  proxy: httpOptions.proxy,
  proxyPasswordFile: httpOptions.proxyPasswordFile,
  proxyPasswordId: httpOptions.proxyPasswordId,
  family: httpOptions.family,
} as const satisfies OptionTable;

export const forwardOptions = {
  forward: {
    kind: 'list',
    placeholder: 'URL',
    describe:
      'send all of it to this receiver, `https://HOST:PORT/SITE`, in place of laying it ready; of several the first that answers',
    parse: parseReceiver,
  },
  forwardSpool: {
    kind: 'value',
    placeholder: 'DIR',
    describe: 'with --forward: where the newest of each host waits; by default `SPOOL-to-receiver`',
    parse: parsePath,
  },
  contact: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'with --forward: how often the receiver hears of us when there is nothing to send',
    parse: parsePositiveDuration,
    fallback: '15s',
  },
  ...webOptions,
} as const satisfies OptionTable;

export type ForwardValues = OptionValues<typeof forwardOptions>;

/** @throws CourierError USAGE */
function parseReceiver(raw: string): WebPlace {
  const place = parseWebPlace(parseText(raw));
  const { url, socketPath } = place;
  const isWhole = url.search === '' && url.hash === '';
  if (url.protocol === 'https:' && socketPath === undefined && isWhole) return place;
  throw new CourierError('USAGE', 'must be https://HOST:PORT or https://HOST:PORT/SITE');
}
