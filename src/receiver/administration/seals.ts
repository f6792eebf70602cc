/** The work of `cmk-courier seals`: enrolments, waiting keys, the key pair of the site. */

import type { CommandContext } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { askYesOrNo } from '../../cli/terminal.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import {
  changeEnrolment,
  dropSecrets,
  keepSecret,
  withKey,
  withoutKey,
} from '../../sealing/changing.ts';
import { type EnrolledKey, type Enrolment, toDay, toLabel } from '../../sealing/enrolment.ts';
import { fingerprintOf, makeSecret, secretVerifier } from '../../sealing/keys.ts';
import { type SealPlaces, sealPlaces } from '../../sealing/places.ts';
import { type SealBook, sealBookFor } from '../../sealing/seal-book.ts';
import { makeSiteKey, publicHalf } from '../../sealing/site-keys.ts';
import { receiverPlaces } from '../options.ts';
import { SealKeys, type WaitingKey } from '../state/seal-keys.ts';
import {
  type Candidate,
  isHostOrPattern,
  readCandidate,
  readMany,
  requireHostName,
} from './seal-candidates.ts';

/** What the command line says beside names. */
export interface SealWishes {
  readonly label: string | undefined;
  readonly until: string | undefined;
  readonly optionalUntil: string | undefined;
  readonly piggyback: readonly string[];
  readonly secret: boolean;
  readonly from: string | undefined;
  readonly fingerprint: readonly string[];
  readonly yes: boolean;
  readonly renew: boolean;
  readonly json: boolean;
  readonly host: HostName | undefined;
  readonly maxAge: number;
  readonly state: string | undefined;
}

export class Administration {
  readonly #wishes: SealWishes;
  readonly #context: CommandContext;
  readonly #places: SealPlaces;
  readonly #book: SealBook;

  constructor(wishes: SealWishes, context: CommandContext) {
    this.#wishes = wishes;
    this.#context = context;
    this.#places = sealPlaces(context.env);
    this.#book = sealBookFor(context.env);
  }

  /** Prints the public half of the newest key pair, made now if there is none. */
  async init(): Promise<void> {
    const there = (await this.#book.siteKeys.all()).at(-1);
    const isMade = there === undefined || this.#wishes.renew;
    const { key, id } = isMade
      ? await makeSiteKey(this.#places, this.#context.clock.now())
      : await publicHalf(there.key);
    this.#context.writeError(`${isMade ? 'made' : 'there is'} ${fingerprintOf(id)}\n`);
    await this.#print(key.export({ type: 'spki', format: 'pem' }).toString());
  }

  /** Enrolls a host by files with keys, by a shared secret, or many from a directory. */
  async enroll(names: readonly string[]): Promise<void> {
    const { secret, from } = this.#wishes;
    const [name, ...files] = names;
    if (from !== undefined) {
      if (name !== undefined) throw new CourierError('USAGE', 'enroll --from takes no names');
      await this.#believe(await readMany(from));
      return;
    }
    if (name === undefined || !isHostOrPattern(name)) {
      throw new CourierError('USAGE', 'enroll needs a host or a pattern, and a file with its key');
    }
    if (secret) return this.#enrollSecret(name, files);
    if (files.length === 0) {
      throw new CourierError(
        'USAGE',
        `enroll ${name} needs a file with its public key, or --secret`,
      );
    }
    await this.#believe(await Promise.all(files.map((file) => readCandidate(name, file))));
  }

  async #enrollSecret(name: string, files: readonly string[]): Promise<void> {
    if (files.length > 0) throw new CourierError('USAGE', 'enroll --secret takes no key');
    const secret = await makeSecret();
    const { id } = await secretVerifier(secret);
    await keepSecret(this.#places, { id, secret });
    await this.#add(name, { kind: 'mac', id, der: undefined });
    this.#context.writeError(`enrolled ${name} with a shared secret, shown once:\n`);
    await this.#print(`${secret}\n`);
  }

  /** Shows fingerprints, asks, and records. @returns those that are believed now */
  async #believe(candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
    const { fingerprint } = this.#wishes;
    const wanted = candidates.filter(
      ({ id }) => fingerprint.length === 0 || fingerprint.includes(fingerprintOf(id)),
    );
    if (wanted.length === 0) {
      const shown = candidates.map(({ id }) => fingerprintOf(id)).join(', ');
      throw new CourierError('REFUSED', `no key has that fingerprint, but ${shown}`);
    }
    for (const { name, id } of wanted) {
      const before = (await this.#book.enrolments.load(name))?.keys ?? [];
      const good = before.filter((key) => key.revoked === undefined && key.id !== id);
      const beside = good.map((key) => `, beside ${fingerprintOf(key.id)}`).join('');
      this.#context.writeError(`${name} ${fingerprintOf(id)}${beside}\n`);
    }
    const which = wanted.length === 1 ? `the key of ${wanted[0]?.name}` : 'the keys of these hosts';
    await this.#requireConsent(`Is this ${which}?`);
    for (const { name, id, der } of wanted) {
      await this.#add(name, { kind: 'key', id, der });
      await this.#print(`enrolled ${name} ${fingerprintOf(id)}\n`);
    }
    return wanted;
  }

  async #requireConsent(question: string): Promise<void> {
    const { yes, fingerprint } = this.#wishes;
    if (yes || fingerprint.length > 0) return;
    if (await askYesOrNo(question, '--yes or --fingerprint answers', this.#context.shutdown))
      return;
    throw new CourierError('REFUSED', 'nothing is changed: the answer was not yes');
  }

  async #add(name: string, key: Pick<EnrolledKey, 'kind' | 'id' | 'der'>): Promise<void> {
    const { label = toLabel(name), until, optionalUntil, piggyback } = this.#wishes;
    const about = { label, until, piggyback, revoked: undefined, since: this.#today };
    await changeEnrolment(
      this.#places,
      name,
      withKey(name, { key: { ...key, ...about }, optionalUntil }),
    );
  }

  get #today(): string {
    return toDay(this.#context.clock.now());
  }

  async pending(): Promise<void> {
    const waiting = (await (await this.#waiting()).list()).filter(({ state }) => state === 'new');
    const shown = await Promise.all(waiting.map((key) => this.#toShown(key)));
    if (this.#wishes.json) return printJson({ keys: shown }, this.#context);
    if (shown.length === 0) return this.#print('no key waits\n');
    for (const { host, fingerprint, requestedBy, requestedAt, address, enrolled } of shown) {
      const old = enrolled.map((one) => `, enrolled is ${one}`).join('');
      const from = `${address} (${requestedBy}) at ${requestedAt}`;
      await this.#print(`${host} ${fingerprint} from ${from}${old}\n`);
    }
  }

  async #toShown({ host, id, requestedBy, requestedAt, address }: WaitingKey) {
    const keys = (await this.#book.enrolments.load(host))?.keys ?? [];
    const good = keys.filter(({ revoked }) => revoked === undefined);
    const enrolled = good.map((key) => fingerprintOf(key.id));
    return {
      host,
      id,
      fingerprint: fingerprintOf(id),
      requestedBy,
      requestedAt,
      address,
      enrolled,
    };
  }

  async allow(hosts: readonly string[]): Promise<void> {
    const { yes, fingerprint } = this.#wishes;
    if (yes && fingerprint.length === 0) {
      const why = 'another key may have come since you looked';
      throw new CourierError('USAGE', `allow wants --fingerprint in place of --yes: ${why}`);
    }
    const waiting = await this.#waiting();
    const found = await Promise.all(hosts.map((host) => requireWaiting(waiting, host)));
    const candidates = found.map(({ host, id, der }) => ({
      name: host,
      id,
      der: Buffer.from(der, 'base64'),
    }));
    for (const { name, id } of await this.#believe(candidates)) {
      // Another key that has arrived since then stays waiting.
      await waiting.update(requireHostName(name), (now) => (now?.id === id ? undefined : now));
    }
  }

  async deny(hosts: readonly string[]): Promise<void> {
    const waiting = await this.#waiting();
    for (const host of hosts) {
      const { id } = await requireWaiting(waiting, host);
      await waiting.update(requireHostName(host), (now) =>
        now?.id === id ? { ...now, state: 'denied' } : now,
      );
      await this.#print(`denied ${host} ${fingerprintOf(id)}\n`);
    }
  }

  #waiting(): Promise<SealKeys> {
    return SealKeys.open(receiverPlaces({ state: this.#wishes.state }, this.#context.env).state());
  }

  async list(): Promise<void> {
    const { listEnrolments } = await import('./seal-list.ts');
    await listEnrolments(this.#book, this.#wishes.json, this.#context);
  }

  async show(name: string): Promise<void> {
    const { describeEnrolment } = await import('./seal-list.ts');
    const enrolment = await this.#require(name);
    await this.#print(await describeEnrolment(enrolment, this.#book, this.#context.clock));
  }

  /** @throws CourierError USAGE */
  async #require(name: string): Promise<Enrolment> {
    const own = isHostOrPattern(name) ? await this.#book.enrolments.load(name) : undefined;
    const found = own ?? (isHostName(name) ? await this.#book.enrolments.find(name) : undefined);
    if (found !== undefined) return found;
    throw new CourierError('USAGE', `${quote(name)} is not enrolled`);
  }

  /**
   * What is taken back is taken from all hosts of an enrolment: it has to be meant by its own name.
   *
   * @throws CourierError USAGE
   */
  async #requireOwn(name: string): Promise<Enrolment> {
    const found = await this.#require(name);
    if (found.name === name) return found;
    const why = `${name} is enrolled by ${quote(found.name)}, as others may be`;
    throw new CourierError('USAGE', `${why}; name that to change it`);
  }

  async revoke(name: string, key: string | undefined): Promise<void> {
    const { name: enrolled } = await this.#requireOwn(name);
    let gone: readonly string[] = [];
    await changeEnrolment(this.#places, enrolled, (before) => {
      const after = withoutKey(enrolled, key, this.#today)(before);
      const were = before?.keys.filter(({ revoked }) => revoked === undefined) ?? [];
      const are = after?.keys.filter(({ revoked }) => revoked === undefined) ?? [];
      gone = were.map(({ id }) => id).filter((id) => !are.some((one) => one.id === id));
      return after;
    });
    for (const id of gone) await this.#print(`revoked ${enrolled} ${fingerprintOf(id)}\n`);
  }

  /** From then on the host is believed without a seal. */
  async forget(name: string): Promise<void> {
    const { name: enrolled, keys } = await this.#requireOwn(name);
    for (const { id } of keys) this.#context.writeError(`${enrolled} ${fingerprintOf(id)}\n`);
    await this.#requireConsent(`Is ${enrolled} to be believed without a seal?`);
    await changeEnrolment(this.#places, enrolled, () => undefined);
    await dropSecrets(this.#places, keys);
    if (isHostName(enrolled)) await this.#book.accepted.forget(enrolled);
    await this.#print(`forgot ${enrolled}\n`);
  }

  async backup(path: string): Promise<void> {
    const { backUp } = await import('./seal-backup.ts');
    const bytes = await backUp(this.#places, path, this.#context);
    await this.#print(`${bytes} bytes in ${path}; it holds secrets\n`);
  }

  async open(path: string): Promise<void> {
    const { openFile } = await import('./seal-open.ts');
    await openFile(path, this.#wishes, this.#context);
  }

  async #print(text: string): Promise<void> {
    await this.#context.writeOutput(Buffer.from(text));
  }
}

async function requireWaiting(waiting: SealKeys, host: string): Promise<WaitingKey> {
  const key = await waiting.of(requireHostName(host));
  if (key !== undefined) return key;
  throw new CourierError(
    'USAGE',
    `no key waits for ${host}; \`cmk-courier seals pending\` shows those that do`,
  );
}
