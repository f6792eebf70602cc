/** What a relay sends: outputs and faults of several hosts, each judged for itself. */

import { cleanText } from '../../faults/errors.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import {
  type ArrivedMessage,
  type RelayAnswer,
  type RelayedOutput,
  readMessage,
  type Verdict,
} from '../../relay/message.ts';
import { relayOrigin } from '../../spool/origins.ts';
import { formatDuration } from '../../times/durations.ts';
import { isFromFuture } from '../../times/skew.ts';
import { type Answer, type Exchange, jsonAnswer, type Note } from '../exchange.ts';
import { idsOfToken } from '../hashing.ts';
import { asRefusal, Refusal, refusalLine } from '../refusal.ts';
import type { Services } from '../services.ts';
import { confirmWriter, identifyWriter, requireHost, type Writer } from '../writer.ts';
import type { RelayIdentity } from './known-relays.ts';

/** A relay whose request is being answered. */
interface Relaying {
  readonly relay: RelayIdentity;
  readonly writer: Writer;
  readonly exchange: Exchange;
  readonly services: Services;
}

/** Answers when all of it that is taken is safe. */
export async function takeRelayed(exchange: Exchange, services: Services): Promise<Answer> {
  const { name: by } = await identifyRelay(exchange, services);
  exchange.note.by = by;
  keepLong(exchange);
  return services.intake.receiveSeveral(exchange, by, async (content) => {
    // It may have been revoked while the rest of it was on its way.
    const writer = await identifyRelay(exchange, services);
    const relay = {
      id: writer.name.replace(' ', '-'),
      name: writer.title,
      address: exchange.address,
    };
    const { note, entries } = readMessage(content);
    await services.relays.relays.heardOf(relay, note);
    const relaying = { relay, writer, exchange, services };
    const verdicts = await judgeAll(entries, relaying);
    noteRefused(verdicts, relaying);
    const answer: RelayAnswer = {
      ...{ nowMs: services.clock.now(), relay: relay.name },
      verdicts: [...verdicts],
    };
    return jsonAnswer(answer);
  });
}

/** One that was known and is not let in any more is to be seen where its hosts are. */
async function identifyRelay(exchange: Exchange, services: Services): Promise<Writer> {
  try {
    return await identifyWriter(exchange, services);
  } catch (thrown) {
    const id = findId(exchange, services);
    const refusal = asRefusal(thrown);
    if (id !== undefined && refusal.status < 500) {
      await services.relays.relays.turnedAway(id, cleanText(refusal.message));
    }
    throw thrown;
  }
}

/** Who it would be, if it were let in. */
function findId({ request }: Exchange, { trust }: Services): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    const uuid = trust.uuidOf(request.socket);
    return uuid && `certificate-${uuid}`;
  }
  const { inside } = idsOfToken(authorization.replace(/^Bearer +/i, ''));
  return inside && `token-${inside}`;
}

/** A relay comes again, and again over the same connection. */
const idleMs = 120_000;

function keepLong({ request, response }: Exchange): void {
  response.setHeader('keep-alive', `timeout=${idleMs / 1000}`);
  // Node sets the time of the server when an answer has gone out.
  response.once('close', () => setImmediate(() => request.socket.setTimeout(idleMs)));
}

type ArrivedEntry = ArrivedMessage['entries'][number];

/** All hosts at once, so that they share the waiting for the disk; of one host in order. */
async function judgeAll(
  entries: readonly ArrivedEntry[],
  relaying: Relaying,
): Promise<readonly Verdict[]> {
  const before = new Map<string, Promise<Verdict>>();
  const judging = entries.map((entry) => {
    const turn = (before.get(entry.host) ?? Promise.resolve()).then(() => judge(entry, relaying));
    before.set(entry.host, turn);
    return turn;
  });
  return Promise.all(judging);
}

/** Never rejects: what is wrong with one host is no matter of the others. */
async function judge(entry: ArrivedEntry, relaying: Relaying): Promise<Verdict> {
  const { host } = entry;
  try {
    const message = await take(entry, relaying);
    return { host, status: 204, ...(message === undefined ? {} : { message }) };
  } catch (thrown) {
    const refusal = asRefusal(thrown);
    const { exchange, services } = relaying;
    services.relays.countRefused();
    const note = { ...exchange.note, host };
    services.refusals.note({ ...exchange, note }, refusal);
    const { status, retryAfterS } = refusal;
    const retry = retryAfterS === undefined ? {} : { retryAfterS };
    return { host, status, message: refusalLine(refusal), ...retry };
  }
}

/** @returns what is to be told though it was taken */
async function take(entry: ArrivedEntry, relaying: Relaying): Promise<string | undefined> {
  const { relay, writer, services } = relaying;
  const host = requireOwn(entry.host, writer);
  if (entry.kind === 'wrong') throw new Refusal('bad-request', `not understood: ${entry.why}`);
  if (entry.kind === 'fault') {
    services.intake.countRelayed({ name: writer.name, host });
    const line = cleanText(entry.line, 280);
    return services.relays.brought(relay, host, { entry: { ...entry, line }, isKept: false });
  }
  const note: Note = {};
  await takeOutput(entry, host, relaying, note);
  const isKept = note.dropped === undefined;
  const told = await services.relays.brought(relay, host, { entry, isKept });
  return told ?? note.dropped ?? note.losses;
}

/** @throws Refusal 403 */
function requireOwn(name: string, writer: Writer): HostName {
  if (!isHostName(name)) throw new Refusal('bad-request', 'this is no name Checkmk accepts');
  requireHost(writer, name);
  return name;
}

async function takeOutput(
  { producedAtMs, source, output }: RelayedOutput,
  host: HostName,
  { relay, writer, exchange, services }: Relaying,
  note: Note,
): Promise<void> {
  if (!services.hasOutput(host)) await services.relays.requireRoom(relay, services.countHosts());
  const producedAt = new Date(producedAtMs);
  requirePast(producedAt, relay, services);
  const sender = {
    name: writer.name,
    host,
    confirm: async () => (await confirmWriter(host, exchange, services)).piggyback,
    origin: `${relayOrigin}${relay.name}: ${source}`,
    producedAt,
  };
  await services.intake.takeIn(output, sender, note);
}

/** @throws Refusal 400 */
function requirePast(
  producedAt: Date,
  { name }: RelayIdentity,
  { clock, settings }: Services,
): void {
  const nowMs = clock.now();
  if (!isFromFuture(producedAt, nowMs, settings.maxSkew)) return;
  const ahead = formatDuration(producedAt.getTime() - nowMs);
  const why = `it was produced ${ahead} in the future, allowed are ${formatDuration(settings.maxSkew)}`;
  throw new Refusal('bad-request', `${why}; is the clock of the relay ${name} wrong?`);
}

/** In the line of the log: who is refused and why, when that is new, and who is no more. */
function noteRefused(verdicts: readonly Verdict[], { relay, exchange, services }: Relaying): void {
  const { warning, news } = services.relays.refusedHosts.note(relay, verdicts);
  const { note } = exchange;
  if (news !== undefined) note.news = news;
  if (warning !== undefined) note.warning = news === undefined ? warning : `${warning}; ${news}`;
}
