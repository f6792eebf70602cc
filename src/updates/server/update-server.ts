/** Answers what hosts ask about updates of their agents (docs/protocol/agent-updates.md). */

import type { Metric } from '../../metrics/metric.ts';
import type { HostName } from '../../names/host-name.ts';
import type { Answer, Exchange } from '../../receiver/exchange.ts';
import type { UpdateAnswers, UpdateRequest } from '../../receiver/extension.ts';
import { Refusal } from '../../receiver/refusal.ts';
import { readKept } from '../repository/by-digest.ts';
import { PublishedTargets } from '../repository/host-targets.ts';
import { type Moved, readMoved } from '../repository/moved-state.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { PlannedIntervals } from '../repository/planned-intervals.ts';
import { readRootBytes } from '../repository/root-files.ts';
import { SitesOfHosts } from '../repository/sites.ts';
import { readSwitch } from '../repository/switch.ts';
import { WatchedFile } from '../repository/watched-file.ts';
import { RolloutWatch } from '../rollout/rollout-watch.ts';
import { StampSigner } from '../signing/stamps.ts';
import { type MacKey, type SignedAnswer, writeAnswer } from './authenticity.ts';
import { type Contact, Contacts, toStanding } from './contacts.ts';
import { type Question, toStampDecision } from './deciding.ts';
import type { Form } from './forms.ts';
import { Identities } from './identities.ts';
import { isConfidential, packagePath, sendPackage } from './packages.ts';
import { type Known, Reception, type Surroundings } from './reception.ts';
import {
  isoNow,
  type Registered,
  type Registry,
  registerWithToken,
  rotateSecret,
} from './registering.ts';
import { readRemote } from './remote-request.ts';
import { Tokens } from './tokens.ts';
import { UpdateCounts } from './update-counts.ts';
import { notAllowed, UpdateLimits } from './update-limits.ts';

/** The version of courier-update that reads `cmk-courier-stamp/2`. */
const firstUpdaterWithSites = 2;

export class UpdateServer implements UpdateAnswers {
  readonly #places: UpdatePlaces;
  readonly #limits: UpdateLimits;
  readonly #registry: Registry;
  readonly #published: PublishedTargets;
  readonly #intervals: PlannedIntervals;
  readonly #sites: SitesOfHosts;
  readonly #moved: WatchedFile<Moved | undefined>;
  readonly #stamps: StampSigner;
  readonly #counts = new UpdateCounts();
  readonly #reception: Reception;
  readonly #rollout: RolloutWatch;

  private constructor(
    places: UpdatePlaces,
    { clock, patience }: Surroundings,
    registry: Omit<Registry, 'clock'>,
  ) {
    this.#places = places;
    this.#registry = { ...registry, clock };
    this.#limits = new UpdateLimits(clock);
    this.#reception = new Reception({
      ...{ patience, registry: this.#registry },
      ...{ limits: this.#limits, counts: this.#counts },
    });
    this.#published = new PublishedTargets(places);
    this.#intervals = new PlannedIntervals(places);
    this.#sites = new SitesOfHosts(places);
    this.#moved = new WatchedFile(places.moved, () => readMoved(places));
    this.#stamps = new StampSigner(places, clock);
    this.#rollout = new RolloutWatch({
      ...{ places, clock, published: this.#published, intervals: this.#intervals },
      ...{ contacts: registry.contacts, identities: registry.identities },
    });
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
    const form = await this.#reception.readForm(request.kind, exchange);
    await this.#requireHere();
    if (request.kind === 'register') return this.#register(form, exchange);
    const path =
      request.name === '' ? `/v1/${request.kind}` : `/v1/${request.kind}/${request.name}`;
    const known = await this.#reception.identify(form, path, exchange);
    if (request.kind === 'check') return this.#check(known, exchange);
    if (request.kind === 'report') return this.#report(known, exchange);
    if (request.kind === 'target') return this.#target(known, request.name, exchange);
    return this.#package(known, request, exchange);
  }

  toMetrics(): readonly Metric[] {
    return this.#counts.toMetrics();
  }

  /** Whatever was given out here would be unknown to the server that has all of it now. */
  async #requireHere(): Promise<void> {
    const moved = await this.#moved.read();
    if (moved !== undefined) throw new Refusal('gone', `agent updates have moved to ${moved.to}`);
  }

  async #root(name: string, { address }: Exchange): Promise<Answer> {
    this.#limits.countRoot(address);
    const bytes = /^[1-9]\d{0,5}$/.test(name)
      ? await readRootBytes(this.#places, Number(name))
      : undefined;
    // Every host walks until there is none, so this is no failure.
    const none = 'there is no root of that version (USAGE)\n';
    if (bytes === undefined) return { status: 404, body: none, type: 'text/plain' };
    return { status: 200, body: bytes, type: 'text/plain' };
  }

  async #check(known: Known, exchange: Exchange): Promise<Answer> {
    const { form, host, identity } = known;
    const { isFresh, contact } = await this.#reception.count(known, exchange, this.#told(form));
    if (!isFresh) return this.#say(known, 'counter', contact);
    if (identity.rotate && known.key !== identity.pending) {
      return this.#say(known, 'rotate-secret', contact);
    }
    await this.#rollout.note(host, contact, identity);
    const question = await this.#question(host, { identity, contact });
    const { target } = question;
    const body = await this.#stamps.sign({
      host,
      nonce: form.nonce,
      decision: toStampDecision(question),
      target: target && { counter: target.counter, sha256: target.targetSha256 },
      intervalSeconds: await this.#intervals.of(host),
      server: await this.#serverOf(form),
    });
    this.#counts.add('checks');
    return { status: 200, body, type: 'text/plain' };
  }

  /** An updater of before does not know stamps that name a server. */
  async #serverOf({ host, values }: Form): Promise<string | undefined> {
    if (Number(values.get('updater')) < firstUpdaterWithSites) return undefined;
    return (await this.#sites.of(host))?.server;
  }

  async #question(
    host: HostName,
    { identity, contact }: Pick<Question, 'identity' | 'contact'>,
  ): Promise<Question> {
    const master = await readSwitch(this.#places);
    // In this order: a rollout is on disk before what it is for is published.
    const target = await this.#published.of(host);
    const placement = (await this.#rollout.look()).of(host, target);
    return { master, identity, contact, target, placement };
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
    const { isFresh, contact } = await this.#reception.count(
      known,
      exchange,
      this.#told(known.form),
    );
    if (isFresh) await this.#rollout.note(known.host, contact, known.identity);
    const { standing } = contact;
    if (isFresh && standing !== undefined && standing.code !== '-') {
      exchange.note.warning ??= `the host reports ${standing.code}: ${standing.error}`;
    }
    return this.#say(known, isFresh ? 'taken' : 'counter', contact);
  }

  /** @throws Refusal 403 for what is not offered to this host just now, whatever the reason */
  async #target(known: Known, sha256: string, exchange: Exchange): Promise<Answer> {
    const { target } = await this.#requireOffered(known, exchange);
    if (target.targetSha256 !== sha256) throw notAllowed();
    const body = await readKept(this.#places.targets, sha256);
    if (body === undefined) throw notAllowed();
    return { status: 200, body, type: 'text/plain' };
  }

  async #requireOffered(known: Known, exchange: Exchange) {
    const { isFresh, contact } = await this.#reception.count(known, exchange);
    if (!isFresh) throw notAllowed();
    const { identity, host } = known;
    const question = await this.#question(host, { identity, contact });
    const { target } = question;
    if (target === undefined || toStampDecision(question) !== 'offer') throw notAllowed();
    return { target, contact };
  }

  async #package(known: Known, { name, way }: UpdateRequest, exchange: Exchange): Promise<Answer> {
    const { target, contact } = await this.#requireOffered(known, exchange);
    if (target.packageSha256 !== name) throw notAllowed();
    const remote = readRemote(exchange);
    const confidential = await isConfidential(this.#places, name);
    if (confidential && isInTheClear(remote === undefined ? way : 'proxied', contact)) {
      throw new Refusal('needs-tls', 'this package is confidential: only over HTTPS');
    }
    if (remote?.has === name && !confidential) {
      await this.#keepDownloaded(known.host, name);
      return { status: 204 };
    }
    const ended = this.#limits.takePackage(known.host);
    try {
      const done = () => void this.#keepDownloaded(known.host, name);
      const answer = await sendPackage(packagePath(this.#places, name), exchange, { done, ended });
      if (answer === undefined) throw notAllowed();
      return confidential ? { ...answer, headers: { 'cache-control': 'no-store' } } : answer;
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
      exchange.note.updatesOf = form.host;
      const contact = await this.#registry.contacts.read(form.host);
      return this.#sayRegistered(form, registered, contact?.row.counter ?? form.counter);
    }
    const known = await this.#reception.identify(form, path, exchange);
    const { isFresh, contact } = await this.#reception.count(known, exchange);
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
    return isoNow(this.#registry);
  }
}

/** Of a proxy on this machine only the host can say which way led to it. */
function isInTheClear(way: UpdateRequest['way'], { standing }: Contact): boolean {
  return way === 'plain' || (way === 'proxied' && standing?.transport.startsWith('https') !== true);
}

function toAnswer(answer: SignedAnswer, key: MacKey): Answer {
  return { status: 200, body: writeAnswer(answer, key), type: 'text/plain' };
}
