/** A session with an IMAP server, in one folder. */

import type { ImapFlow, ImapFlowOptions, MailboxObject } from 'imapflow';
import { CourierError, quote } from '../../faults/errors.ts';
import { largestMessage } from '../../mail/mime.ts';
import type { Secret } from '../../secrets/secrets.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { formatLimit } from '../../times/durations.ts';
import type { OpenContext } from '../transport.ts';
import type { FolderPlace } from './folder-place.ts';
import { asImapFault } from './imap-errors.ts';
import type { ImapOptions } from './options.ts';

/** What all sessions of one open transport share. */
export interface SessionSettings {
  readonly options: ImapOptions;
  /** One of the two is set. */
  readonly password: Secret | undefined;
  readonly oauthToken: Secret | undefined;
  /** PEM texts. */
  readonly authorities: readonly (string | Buffer)[];
  readonly context: OpenContext;
}

/** A folder that is open. */
export interface Session {
  readonly client: ImapFlow;
  readonly folder: MailboxObject;
}

type Access = 'read' | 'write';

/**
 * Logs in, opens the folder, lends it to `use` and hangs up. When the signal aborts the
 * connection is closed at once.
 *
 * @throws CourierError, the signal's reason included; NO_OUTPUT when there is no such folder
 */
export async function withSession<Result>(
  place: FolderPlace,
  access: Access,
  settings: SessionSettings,
  use: (session: Session) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  await requireAnswer(place.host, settings.options.connectTimeout, signal);
  const watched = await makeClient(place, settings);
  const { client } = watched;
  const hangUp = () => client.close();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    requireTls(client, place, settings);
    const result = await use({ client, folder: await openFolder(client, place, access) });
    signal.throwIfAborted();
    return result;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const doing = `${place.host}:${place.port}`;
    throw asImapFault(findCause(error, watched, doing), doing);
  } finally {
    signal.removeEventListener('abort', hangUp);
    client.close();
  }
}

/**
 * The library looks names up by itself, with getaddrinfo, which holds a thread of ours as long as
 * nobody answers for the name: so we check before that the name is answered.
 */
async function requireAnswer(host: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { sharedLookup } = await import('../../lookup/lookup.ts');
  const tooSlow = () =>
    new CourierError('TIMEOUT', `looking up ${host}: no answer within ${formatLimit(timeoutMs)}`);
  await withTimeLimit({ timeoutMs, tooSlow }, signal, (limited) =>
    sharedLookup().find(host, 0, limited),
  );
}

interface WatchedClient {
  readonly client: ImapFlow;
  /** The first error that came outside of any command. */
  fault: unknown;
}

/** The library answers some lost connections with a mere `false`, which we took for a no. */
function findCause(error: unknown, { client, fault }: WatchedClient, doing: string): unknown {
  if (error instanceof CourierError && error.code !== 'PEER') return error;
  if (client.byeReason) {
    const why = `${doing}: the server says goodbye: ${quote(client.byeReason)}`;
    return new CourierError('PEER', why, { cause: error });
  }
  if (fault !== undefined) return fault;
  const isLost = client.isClosed && error instanceof CourierError;
  return isLost
    ? new CourierError('UNREACHABLE', `${doing}: connection lost`, { cause: error })
    : error;
}

async function makeClient(place: FolderPlace, settings: SessionSettings): Promise<WatchedClient> {
  const { ImapFlow } = await import('imapflow');
  const client = new ImapFlow(toClientOptions(place, settings));
  const watched: WatchedClient = { client, fault: undefined };
  // An error outside of any command, such as a silence that lasts too long.
  client.on('error', (error: unknown) => {
    watched.fault ??= error;
  });
  return watched;
}

/** The longest line allowed; the result of a search that finds a million messages fits. */
const longestLineBytes = 16 * 1024 * 1024;

function toCredentials({ password, oauthToken }: SessionSettings) {
  if (oauthToken !== undefined) return { accessToken: oauthToken.reveal() };
  return password === undefined ? {} : { pass: password.reveal() };
}

function toClientOptions(place: FolderPlace, settings: SessionSettings): ImapFlowOptions {
  const { options, authorities, context } = settings;
  const { connectTimeout, idleTimeout } = options;
  const largest = largestMessage(context.maxOutputBytes);
  return {
    host: place.host,
    port: place.port,
    secure: place.isEncrypted,
    ...(place.isEncrypted || options.allowPlaintext ? {} : { doSTARTTLS: true }),
    tls: { ca: [...authorities], minVersion: 'TLSv1.2', rejectUnauthorized: true },
    auth: {
      user: place.user ?? options.user ?? '',
      ...toCredentials(settings),
    },
    logger: toClientLogger(context),
    clientInfo: { name: 'cmk-courier', vendor: false, 'support-url': false },
    connectionTimeout: connectTimeout,
    greetingTimeout: connectTimeout,
    socketTimeout: idleTimeout,
    maxLiteralSize: largest,
    maxLineLength: longestLineBytes,
    maxResponseSize: largest + longestLineBytes,
    disableAutoIdle: true,
    disableAutoEnable: true,
    disableCompression: true,
  };
}

/** What imapflow says goes to our log: its commands and answers, in which it hides passwords. */
function toClientLogger({ log }: OpenContext): NonNullable<ImapFlowOptions['logger']> {
  const say = (record: unknown) => {
    if (typeof record !== 'object' || record === null || !('msg' in record)) return;
    log.debug({}, `imap: ${record.msg}`);
  };
  return { trace: () => undefined, debug: say, info: say, warn: say, error: say };
}

/** The library has asked for TLS already; it is worth asking twice. */
function requireTls(
  client: ImapFlow,
  { host, port }: FolderPlace,
  settings: SessionSettings,
): void {
  if (client.secureConnection) return;
  const { options, context } = settings;
  if (!options.allowPlaintext) {
    throw new CourierError('REFUSED', `${host}:${port}: the connection is not encrypted`);
  }
  context.log.warn({ peer: `${host}:${port}` }, 'the password and the mail travel unencrypted');
}

async function openFolder(
  client: ImapFlow,
  place: FolderPlace,
  access: Access,
): Promise<MailboxObject> {
  try {
    return await client.mailboxOpen([...place.folder], { readOnly: access === 'read' });
  } catch (error) {
    const refused = toFolderFault(error, place);
    throw refused ?? error;
  }
}

function toFolderFault(error: unknown, place: FolderPlace): CourierError | undefined {
  if (!(error instanceof Error) || Reflect.get(error, 'responseStatus') !== 'NO') return undefined;
  const name = quote(place.folder.join('/'));
  const said = quote(String(Reflect.get(error, 'responseText') ?? ''));
  if (Reflect.get(error, 'serverResponseCode') === 'NOPERM') {
    return new CourierError('REFUSED', `folder ${name} may not be read: ${said}`, { cause: error });
  }
  const code = place.isFolderOfHost ? 'NO_OUTPUT' : 'CONFIG';
  return new CourierError(code, `folder ${name} cannot be opened: ${said}`, { cause: error });
}
