/**
 * Answers what hosts ask about updates for another server, the centre, and holds neither a key nor
 * a secret of a host: nothing that leaves here is believed for coming from here
 * (agent-updates.md#remote-sites).
 */

import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { Metric } from '../../metrics/metric.ts';
import { readBody } from '../../receiver/body.ts';
import type { Answer, Exchange } from '../../receiver/exchange.ts';
import type { UpdateAnswers, UpdateRequest } from '../../receiver/extension.ts';
import { Refusal } from '../../receiver/refusal.ts';
import { readStamp } from '../documents/stamp.ts';
import { readTarget } from '../documents/target.ts';
import { openDocument } from '../documents/verifying.ts';
import { digestText } from '../documents/words.ts';
import { sha256Of } from '../repository/by-digest.ts';
import { type Form, type FormKind, mostFormBytes, readForm } from '../server/forms.ts';
import { packagePath, sendPackage } from '../server/packages.ts';
import { notAllowed, UpdateLimits } from '../server/update-limits.ts';
import type { Centre, CentreAnswer } from './centre.ts';
import type { Copies } from './copies.ts';
import { centreAway, textAnswer, toRefusal } from './remote-answers.ts';
import { RemoteCounts } from './remote-counts.ts';
import type { RemoteContext, RemoteSettings } from './settings.ts';

/** A request of a host, as it came. */
interface Asking {
  readonly form: Form;
  readonly bytes: Buffer;
  /** From `/v1/` on. */
  readonly path: string;
  readonly exchange: Exchange;
}

const mostBytes = { check: 8 * 1024, target: 16 * 1024, report: 1024, register: 1024 } as const;
const deadlineMs = 60_000;

export class RemoteUpdates implements UpdateAnswers {
  readonly #settings: RemoteSettings;
  readonly #centre: Centre;
  readonly #copies: Copies;
  readonly #limits: UpdateLimits;
  readonly #counts = new RemoteCounts();

  constructor(
    settings: RemoteSettings,
    { clock }: Pick<RemoteContext, 'clock'>,
    { centre, copies }: { readonly centre: Centre; readonly copies: Copies },
  ) {
    this.#settings = settings;
    this.#centre = centre;
    this.#copies = copies;
    this.#limits = new UpdateLimits(clock);
  }

  async answer(request: UpdateRequest, exchange: Exchange): Promise<Answer> {
    const { kind, name } = request;
    try {
      if (kind === 'root') return await this.#root(name, exchange);
      const isNamed = kind === 'target' || kind === 'package';
      if (isNamed && !digestText.test(name)) throw notAllowed();
      const asking = await this.#read(
        kind,
        isNamed ? `/v1/${kind}/${name}` : `/v1/${kind}`,
        exchange,
      );
      if (kind === 'check') return await this.#check(asking);
      if (kind === 'target') return await this.#target(asking, name);
      if (kind === 'package') return await this.#package(asking, request);
      return textAnswer((await this.#forward(asking, mostBytes[kind])).body);
    } catch (error) {
      throw this.#toRefusal(error);
    }
  }

  toMetrics(): readonly Metric[] {
    return this.#counts.toMetrics(this.#centre, this.#copies.packages.cache.bytes);
  }

  close(): Promise<void> {
    return this.#centre.close();
  }

  async #root(name: string, { address }: Exchange): Promise<Answer> {
    this.#limits.countRoot(address);
    const isVersion = /^[1-9]\d{0,5}$/.test(name);
    const body = isVersion ? await this.#copies.roots.read(Number(name)) : undefined;
    const none = 'there is no root of that version (USAGE)\n';
    if (body === undefined) return { status: 404, body: none, type: 'text/plain' };
    this.#counts.add('hits');
    return textAnswer(body);
  }

  async #read(kind: FormKind, path: string, exchange: Exchange): Promise<Asking> {
    const { requestTimeout, stallTimeout: stallMs } = this.#settings;
    const limits = { maxBytes: mostFormBytes, deadlineMs: requestTimeout, stallMs };
    const body = await readBody(exchange, limits, this.#limits.memory);
    try {
      const form = readForm(body.bytes, kind);
      exchange.note.bytes = body.bytes.length;
      exchange.note.updatesOf = `${form.host} (not proved)`;
      return { form, bytes: Buffer.from(body.bytes), path, exchange };
    } finally {
      body.release();
    }
  }

  /** What the centre has to know of the way that a request came. */
  #headersOf({ exchange }: Asking): Readonly<Record<string, string>> {
    return { 'courier-remote': this.#settings.site, 'x-forwarded-for': exchange.address };
  }

  /**
   * Asks the centre with the request of the host.
   *
   * @returns a 200
   * @throws Refusal for what the centre refuses; CourierError when it does not answer
   */
  async #forward(asking: Asking, most: number): Promise<CentreAnswer> {
    const { bytes: form, path } = asking;
    const headers = this.#headersOf(asking);
    const isRepeatable = path === '/v1/check' || path === '/v1/report';
    const limits = { mostBytes: most, deadlineMs, isRepeatable };
    const answer = await this.#centre.ask({ path, form, headers, ...limits });
    if (answer.status !== 200) throw await this.#refused(asking, answer);
    asking.exchange.note.updatesOf = asking.form.host;
    return answer;
  }

  /** Nothing that is kept for a host goes out any more once the centre has refused it something. */
  async #refused({ form, exchange }: Asking, answer: CentreAnswer): Promise<Refusal> {
    if (answer.status !== 403) return toRefusal(answer);
    const { permissions, stamps } = this.#copies;
    if (permissions.refuse(form.host, exchange.address)) await stamps.forget(form.host);
    return this.#limits.failed(exchange.address, form.host);
  }

  async #check(asking: Asking): Promise<Answer> {
    const answer = await this.#forward(asking, mostBytes.check).catch(async (error: unknown) => {
      const kept = isAway(error) ? await this.#findStamp(asking) : undefined;
      if (kept === undefined) throw error;
      return kept;
    });
    if ('stale' in answer) return textAnswer(answer.stale);
    const { body } = answer;
    if (!body.toString('latin1', 0, 26).startsWith('format cmk-courier-answer/')) {
      await this.#keepStamp(asking, body);
    }
    return textAnswer(body);
  }

  async #findStamp({ form }: Asking): Promise<{ readonly stale: Buffer } | undefined> {
    const root = this.#copies.roots.newest;
    const kept = root && (await this.#copies.stamps.find(form.host, root));
    if (kept === undefined) return undefined;
    this.#counts.add('stale');
    return { stale: kept.bytes };
  }

  /** @throws CourierError for a stamp that is not for this request, or that nobody has signed */
  async #keepStamp({ form, exchange }: Asking, bytes: Buffer): Promise<void> {
    const { permissions, roots, stamps } = this.#copies;
    const { host, nonce } = form;
    await roots.requireNewest();
    const open = async () =>
      readStamp(await openDocument(bytes, 'stamp', await roots.requireNewest()));
    // A key that is not known yet may be in a root that is not known yet.
    const stamp = await open().catch(async () => {
      await roots.refresh();
      return open();
    });
    if (stamp.audience !== `host:${host}` || stamp.nonce !== nonce) {
      throw new CourierError('REFUSED', 'a stamp for another host or another request');
    }
    if (stamp.rootVersion > (roots.newest?.version ?? 0)) await roots.refresh();
    permissions.learn(host, exchange.address, stamp);
    await stamps.keep(host, bytes, stamp);
  }

  async #target(asking: Asking, digest: string): Promise<Answer> {
    const { permissions, targets } = this.#copies;
    const { form, exchange } = asking;
    try {
      const { body } = await this.#forward(asking, mostBytes.target);
      await this.#requireTarget(body, digest);
      await targets.keep(digest, body);
      permissions.grant(form.host, exchange.address, digest);
      return textAnswer(body);
    } catch (error) {
      const isKept = isAway(error) && permissions.has(form.host, exchange.address, digest);
      const body = isKept ? await targets.read(digest) : undefined;
      if (body === undefined) throw error;
      await this.#requireTarget(body, digest);
      this.#counts.add('hits');
      return textAnswer(body);
    }
  }

  /** @throws CourierError for what is not that target, or what the newest root does not let pass */
  async #requireTarget(bytes: Buffer, digest: string): Promise<void> {
    if (sha256Of(bytes) !== digest)
      throw new CourierError('REFUSED', 'another target than asked for');
    const root = await this.#copies.roots.requireNewest();
    const { counter } = readTarget(await openDocument(bytes, 'target', root));
    if (counter >= root.floorCounter) return;
    throw new CourierError('REFUSED', `target ${counter} is below the floor ${root.floorCounter}`);
  }

  async #package(asking: Asking, { name, way }: UpdateRequest): Promise<Answer> {
    const { packages, permissions } = this.#copies;
    const { form, exchange, bytes } = asking;
    const wasHere = (await packages.cache.find(name)) !== undefined;
    let isFetched = false;
    try {
      const call = { form: bytes, headers: this.#headersOf(asking) };
      const asked = await packages.ask(name, call);
      if (asked.outcome === 'answer') throw await this.#refused(asking, asked.answer);
      if (asked.outcome === 'wrong') {
        throw new CourierError('REFUSED', 'another package than asked for');
      }
      exchange.note.updatesOf = form.host;
      if (asked.outcome === 'passing') return this.#pass(asked.bytes, way);
      isFetched = asked.outcome === 'fetched';
      permissions.grant(form.host, exchange.address, name);
    } catch (error) {
      const isKept = isAway(error) && wasHere && permissions.has(form.host, exchange.address, name);
      if (!isKept) throw error;
    }
    this.#counts.add(isFetched ? 'misses' : 'hits');
    return this.#send(asking, name);
  }

  /** A package marked confidential, which is kept nowhere on its way. */
  #pass(body: Buffer, way: UpdateRequest['way']): Answer {
    if (way === 'plain') {
      throw new Refusal('needs-tls', 'this package is confidential: only over HTTPS');
    }
    this.#counts.add('misses');
    return { status: 200, body, length: body.length, type: 'application/octet-stream' };
  }

  async #send({ form, exchange }: Asking, name: string): Promise<Answer> {
    const ended = this.#limits.takePackage(form.host);
    try {
      const path = packagePath(this.#copies.places, name);
      const answer = await sendPackage(path, exchange, { done: () => undefined, ended });
      if (answer !== undefined) return answer;
      throw new CourierError('LOCAL', `${path} was removed before it could be sent`);
    } catch (error) {
      ended();
      throw error;
    }
  }

  /** What the centre sent and nobody signed counts as no answer, and is told. */
  #toRefusal(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    const { code, message } = asCourierError(error, 'asking the centre');
    if (code === 'LOCAL' || code === 'CONFIG' || code === 'INTERNAL') {
      return new Refusal('storage', message, { cause: error, retryAfterS: 60 });
    }
    if (!awayCodes.includes(code)) this.#counts.add('refused');
    return centreAway(message, error);
  }
}

const awayCodes: readonly string[] = ['UNREACHABLE', 'TLS', 'TIMEOUT', 'PEER', 'INTERRUPTED'];

/** Whether there was no answer, so that what is kept here may stand in for it. */
function isAway(error: unknown): boolean {
  if (error instanceof Refusal) return error.status >= 500;
  return error instanceof CourierError && awayCodes.includes(error.code);
}
