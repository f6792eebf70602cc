/** From options to a forwarder. */

import { X509Certificate } from 'node:crypto';
import type { CommandContext } from '../cli/command.ts';
import { parseOptions } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { isSecretGiven } from '../secrets/secret-options.ts';
import { splitReference } from '../secrets/secrets.ts';
import { waitingBeside } from '../spool/directories.ts';
import { Spool } from '../spool/spool.ts';
import { chance } from '../system/chance.ts';
import { checkHttpOptions } from '../web/check-options.ts';
import { openConnections } from '../web/client.ts';
import { readClientCertificate } from '../web/client-certificate.ts';
import { readCredentials } from '../web/credentials.ts';
import { type HttpOptions, httpOptions } from '../web/options.ts';
import { Forwarder } from './forwarder.ts';
import type { ForwardValues } from './options.ts';
import { Receiver } from './receiver.ts';
import { RenewedConnections } from './renewed-connections.ts';
import { type Bounds, WaitingHosts } from './waiting.ts';
import { Way } from './way.ts';

/** Where the spool of the collector is, and its bounds. */
export interface SpoolBounds {
  readonly spoolDirectory: string;
  readonly maxSpoolBytes: number;
  readonly maxSpoolHosts: number;
  /** What goes into one message; the usual when left out. */
  readonly perMessage?: Bounds;
}

/**
 * How long an answer may take. Where the way is cut so that nobody says so, this and the wait behind
 * it have to pass within the interval of a host. Where another receiver can take it, it is asked so
 * much earlier that hosts are not late for it.
 */
const answerMs = { ofOne: 15_000, ofSeveral: 5000 } as const;
/** Answers to a relay are small. */
const longestAnswer = 4 * 1024 * 1024;

/**
 * Reads what options name; nothing is connected yet.
 *
 * @throws CourierError USAGE, CONFIG, LOCAL
 */
export async function openForwarder(
  values: ForwardValues,
  bounds: SpoolBounds,
  context: CommandContext,
): Promise<Forwarder> {
  const { clock, log } = context;
  const way = new Way(await openReceivers(values, context), clock);
  const directory = values.forwardSpool ?? waitingBeside(bounds.spoolDirectory, 'receiver');
  const spool = await Spool.open({
    directory,
    maxBytes: bounds.maxSpoolBytes,
    maxHosts: bounds.maxSpoolHosts,
    // Newer output comes before long; what a power cut tears is found by its checksum.
    isDurable: false,
    log,
    clock,
  });
  const waiting = new WaitingHosts({ spool, directory, clock, log });
  const { contact: contactMs } = values;
  const { perMessage } = bounds;
  return new Forwarder({ way, waiting, spool, contactMs, perMessage, clock, log, chance });
}

async function openReceivers(
  values: ForwardValues,
  context: CommandContext,
): Promise<readonly Receiver[]> {
  const headerTimeout = values.forward.length > 1 ? answerMs.ofSeveral : answerMs.ofOne;
  const options = { ...parseOptions(httpOptions, {}), ...values, headerTimeout };
  checkHttpOptions('https', options);
  const isKnown = isSecretGiven(options, 'token') || options.cert !== undefined;
  if (!isKnown) {
    const what = '--forward needs --token-file, --token-id or --cert: how the receiver knows us';
    throw new CourierError('USAGE', what);
  }
  const limits = { ...context, maxOutputBytes: longestAnswer };
  const open = async () => {
    const credentials = await readCredentials(options, context);
    const connections = await openConnections('https', options, credentials, limits);
    const certificate = await readClientCertificate(options, context);
    const notAfter = certificate && new X509Certificate(certificate.cert).validToDate;
    return { connections, notAfter };
  };
  const renewing = { open, files: filesOf(options), clock: context.clock, log: context.log };
  return Promise.all(
    values.forward.map(async (base) => {
      const connections = await RenewedConnections.open(renewing);
      return new Receiver({ base, connections, clock: context.clock, chance });
    }),
  );
}

/** All that may be replaced while we run. */
function filesOf(options: HttpOptions): readonly string[] {
  const { cert, key, ca, keyPasswordFile, tokenFile, proxyPasswordFile } = options;
  const { keyPasswordId, tokenId, proxyPasswordId } = options;
  const stores = [keyPasswordId, tokenId, proxyPasswordId].map(
    (reference) => reference && splitReference(reference).path,
  );
  const all = [cert, key, ca, keyPasswordFile, tokenFile, proxyPasswordFile, ...stores];
  return all.filter((path) => path !== undefined);
}
