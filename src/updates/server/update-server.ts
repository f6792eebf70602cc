/** Answers what hosts ask about updates of their agents (docs/protocol/agent-updates.md). */

import type { Clock } from '../../clock.ts';
import type { HostName } from '../../names/host-name.ts';
import { readBody } from '../../receiver/body.ts';
import type { Answer, Exchange } from '../../receiver/exchange.ts';
import type { Metric, UpdateAnswers, UpdateRequest } from '../../receiver/extension.ts';
import { Refusal } from '../../receiver/refusal.ts';
import { readKept } from '../repository/by-digest.ts';
import { PublishedTargets } from '../repository/host-targets.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { readRootBytes } from '../repository/root-files.ts';
import { readSwitch } from '../repository/switch.ts';
import { StampSigner } from '../signing/stamps.ts';
import { findKey, type MacKey, type SignedAnswer, writeAnswer } from './authenticity.ts';
import { type Contact, Contacts, toStanding } from './contacts.ts';
import { type Question, toStampDecision } from './deciding.ts';
import { type Form, type FormKind, mostFormBytes, readForm } from './forms.ts';
import { confirmed, Identities, type Identity, keysOf } from './identities.ts';
import { isConfidential, packagePath, sendPackage } from './packages.ts';
import { type Registered, type Registry, registerWithToken, rotateSecret } from './registering.ts';
import { countRequest } from './request-counter.ts';
import { Tokens } from './tokens.ts';
import { UpdateCounts } from './update-counts.ts';
import { notAllowed, UpdateLimits } from './update-limits.ts';

/** How long a request may take to come, and pause while it does. */
export interface Patience {
  readonly requestTimeout: number;
  readonly stallTimeout: number;
}

interface Surroundings {
  readonly clock: Clock;
  readonly patience: Patience;
}

/** A host that has shown to have its secret. */
interface Known {
  readonly form: Form;
  readonly host: HostName;
  readonly identity: Identity;
  /** The secret that it used. */
  readonly key: MacKey;
  /** From `/v1/` on. */
  readonly path: string;
}

/** Seconds between two checks of a host. */
const intervalSeconds = 3600;

export class UpdateServer implements UpdateAnswers {
  readonly #places: UpdatePlaces;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #limits: UpdateLimits;
  readonly #registry: Registry;
  readonly #published: PublishedTargets;
  readonly #stamps: StampSigner;
  readonly #counts = new UpdateCounts();

  private constructor(
    places: UpdatePlaces,
    { clock, patience }: Surroundings,
    registry: Omit<Registry, 'clock'>,
  ) {
    this.#places = places;
    this.#clock = clock;
    this.#patience = patience;
    this.#registry = { ...registry, clock };
    this.#limits = new UpdateLimits(clock);
    this.#published = new PublishedTargets(places);
    this.#stamps = new StampSigner(places, clock);
  }

  /** @throws CourierError CONFIG; LOCAL */
  static async open(places: UpdatePlaces, settings: Surroundings): Promise<UpdateServer> {
    const identities = await Identities.open(places);
    const contacts = await Contacts.open(places, settings.clock);
    const tokens = await Tokens.open(places);
    await tokens.prune(settings.clock.now());
    return new UpdateServer(places, settings, { identities, contacts, tokens });
  }

  async answer(request: UpdateRequest, exchange: Exchange): Promise<Answer> {
    if (request.kind === 'root') return this.#root(request.name, exchange);
    const form = await this.#readForm(request.kind, exchange);
    if (request.kind === 'register') return this.#register(form, exchange);
    const path =
      request.name === '' ? `/v1/${request.kind}` : `/v1/${request.kind}/${request.name}`;
    const known = await this.#identify(form, path, exchange);
    if (request.kind === 'check') return this.#check(known, exchange);
    if (request.kind === 'report') return this.#report(known, exchange);
    if (request.kind === 'target') return this.#target(known, request.name, exchange);
    return this.#package(known, request, exchange);
  }

  toMetrics(): readonly Metric[] {
    return this.#counts.toMetrics();
  }

  async #root(name: string, { address }: Exchange): Promise<Answer> {
    this.#limits.countRoot(address);
    const bytes = /^[1-9]\d{0,5}$/.test(name)
      ? await readRootBytes(this.#places, Number(name))
      : undefined;
    if (bytes === undefined) throw new Refusal('not-found', 'there is no root of that version');
    return { status: 200, body: bytes, type: 'text/plain' };
  }

  async #readForm(kind: FormKind, exchange: Exchange): Promise<Form> {
    const { requestTimeout: deadlineMs, stallTimeout: stallMs } = this.#patience;
    const limits = { maxBytes: mostFormBytes, deadlineMs, stallMs };
    const body = await readBody(exchange, limits, this.#limits.memory);
    try {
      exchange.note.bytes = body.bytes.length;
      return readForm(body.bytes, kind);
    } finally {
      body.release();
    }
  }

  /** @throws Refusal 403 or 429, alike for unknown hosts and wrong secrets */
  async #identify(form: Form, path: string, exchange: Exchange): Promise<Known> {
    const { host } = form;
    const { identities } = this.#registry;
    const identity = await identities.read(host);
    const key = findKey({ path, ...form }, keysOf(identity));
    if (identity === undefined || key === undefined) {
      throw this.#limits.failed(exchange.address, host);
    }
    exchange.note.host = host;
    this.#limits.countRequest(host);
    if (key === identity.pending) {
      await identities.update(host, (before) => before && confirmed(before, key));
    }
    return { form, host, identity, key, path };
  }

  /**
   * Counts a request, and keeps with it what it tells.
   *
   * @returns the highest counter, and whether the request was the first with its own
   */
  async #count(
    { form, host }: Known,
    exchange: Exchange,
    change: (contact: Contact) => Contact = (contact) => contact,
  ): Promise<{ readonly isFresh: boolean; readonly contact: Contact }> {
    let result: { readonly isFresh: boolean; readonly contact: Contact } | undefined;
    await this.#registry.contacts.update(host, (before) => {
      const row = countRequest(before.row, form);
      const isNewClone = row?.isCloned === true && !before.row.isCloned;
      if (isNewClone) this.#tellClone(exchange, host);
      const { address } = exchange;
      const after = row && change({ ...before, row, lastContact: this.#now, address });
      result = { isFresh: row !== undefined, contact: after ?? before };
      return after ?? before;
    });
    if (result === undefined) throw notAllowed();
    return result;
  }

  #tellClone(exchange: Exchange, host: HostName): void {
    this.#counts.add('clones');
    exchange.note.warning = `E-CLONE: two machines use the secret of ${host}; give one a token of its own`;
  }

  async #check(known: Known, exchange: Exchange): Promise<Answer> {
    const { form, host, identity } = known;
    const { isFresh, contact } = await this.#count(known, exchange, this.#told(form));
    if (!isFresh) return this.#say(known, 'counter', contact);
    if (identity.rotate && known.key !== identity.pending) {
      return this.#say(known, 'rotate-secret', contact);
    }
    const question = await this.#question(host, { identity, contact });
    const { target } = question;
    const body = await this.#stamps.sign({
      host,
      nonce: form.nonce,
      decision: toStampDecision(question),
      target: target && { counter: target.counter, sha256: target.targetSha256 },
      intervalSeconds,
    });
    this.#counts.add('checks');
    return { status: 200, body, type: 'text/plain' };
  }

  async #question(
    host: HostName,
    { identity, contact }: Pick<Question, 'identity' | 'contact'>,
  ): Promise<Question> {
    const master = await readSwitch(this.#places);
    const target = await this.#published.of(host);
    return { master, identity, contact, target };
  }

  /** Takes over what a host tells of itself. */
  #told({ values }: Form): (contact: Contact) => Contact {
    const standing = toStanding(values);
    return (before) => {
      const isSame = before.standing?.installedHash === standing.installedHash;
      const installedSince = isSame ? (before.installedSince ?? this.#now) : this.#now;
      return { ...before, standing, installedSince };
    };
  }

  async #report(known: Known, exchange: Exchange): Promise<Answer> {
    const { isFresh, contact } = await this.#count(known, exchange, this.#told(known.form));
    const { standing } = contact;
    if (isFresh && standing !== undefined && standing.code !== '-') {
      exchange.note.warning ??= `the host reports ${standing.code}: ${standing.error}`;
    }
    return this.#say(known, isFresh ? 'taken' : 'counter', contact);
  }

  /** @throws Refusal 403 for what is not offered to this host just now, whatever the reason */
  async #target(known: Known, sha256: string, exchange: Exchange): Promise<Answer> {
    const target = await this.#requireOffered(known, exchange);
    if (target.targetSha256 !== sha256) throw notAllowed();
    const body = await readKept(this.#places.targets, sha256);
    if (body === undefined) throw notAllowed();
    return { status: 200, body, type: 'text/plain' };
  }

  async #requireOffered(known: Known, exchange: Exchange) {
    const { isFresh, contact } = await this.#count(known, exchange);
    if (!isFresh) throw notAllowed();
    const { identity, host } = known;
    const question = await this.#question(host, { identity, contact });
    const { target } = question;
    if (target === undefined || toStampDecision(question) !== 'offer') throw notAllowed();
    return target;
  }

  async #package(known: Known, { name, way }: UpdateRequest, exchange: Exchange): Promise<Answer> {
    const { packageSha256 } = await this.#requireOffered(known, exchange);
    if (packageSha256 !== name) throw notAllowed();
    if (way === 'plain' && (await isConfidential(this.#places, name))) {
      throw new Refusal('needs-tls', 'this package is confidential: only over HTTPS');
    }
    const ended = this.#limits.takePackage(known.host);
    try {
      const done = () => void this.#keepDownloaded(known.host, name);
      const answer = await sendPackage(packagePath(this.#places, name), exchange, { done, ended });
      if (answer === undefined) throw notAllowed();
      return answer;
    } catch (error) {
      ended();
      throw error;
    }
  }

  async #keepDownloaded(host: HostName, sha256: string): Promise<void> {
    this.#counts.add('packages');
    const downloaded = { sha256, at: this.#now };
    await this.#registry.contacts
      .update(host, (before) => ({ ...before, downloaded }))
      .catch(() => undefined);
  }

  async #register(form: Form, exchange: Exchange): Promise<Answer> {
    const { address } = exchange;
    const path = '/v1/register';
    if (form.values.get('by') === 'token') {
      const refuse = () => this.#limits.failed(address, form.host);
      const registered = await registerWithToken(this.#registry, { form, address, refuse });
      exchange.note.host = form.host;
      const contact = await this.#registry.contacts.read(form.host);
      return this.#sayRegistered(form, registered, contact?.row.counter ?? form.counter);
    }
    const known = await this.#identify(form, path, exchange);
    const { isFresh, contact } = await this.#count(known, exchange);
    if (!isFresh) return this.#say(known, 'counter', contact);
    const registered = await rotateSecret(this.#registry, { form, address, key: known.key });
    return this.#sayRegistered(form, registered, contact.row.counter);
  }

  #sayRegistered(form: Form, { key, say, serverNonce }: Registered, counter: string): Answer {
    this.#counts.add('registrations');
    const { host, nonce } = form;
    return toAnswer({ path: '/v1/register', host, nonce, say, counter, serverNonce }, key);
  }

  #say({ form, host, key, path }: Known, say: SignedAnswer['say'], { row }: Contact): Answer {
    return toAnswer({ path, host, nonce: form.nonce, say, counter: row.counter }, key);
  }

  get #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function toAnswer(answer: SignedAnswer, key: MacKey): Answer {
  return { status: 200, body: writeAnswer(answer, key), type: 'text/plain' };
}
