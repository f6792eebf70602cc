/**
 * Users, tokens and certificates for several hosts: who may send or register which hosts. One file
 * each, secrets hashed.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { isHostUuid } from '../../certs/dns-name.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import type { Logger } from '../../logging/log.ts';
import {
  hashPassword,
  hashToken,
  idsOfToken,
  isFastHash,
  makeRegistrationToken,
  makeUploadToken,
} from '../hashing.ts';
import { type NewCertificate, type Succession, toIssued, withCertificates } from './hosts.ts';
import { type Inspection, Records } from './records.ts';

const accessSchema = z.object({
  /**
   * A user has a name and a password; an upload token is sent with each output, a registration
   * token works once; a certificate writes for several hosts.
   */
  kind: z.enum(['user', 'upload', 'registration', 'certificate']),
  /**
   * The user's name, what stands for the token in its record's name, lists and logs, or the UUID that
   * is the common name of the certificates.
   */
  id: z.string(),
  /** What people call a token or certificate; empty for a user. */
  name: z.string().default(''),
  /** Names or patterns of hosts. */
  hosts: z.array(z.string()),
  /** Further names piggyback may be for. */
  piggyback: z.array(z.string()),
  /** What it may do: send output, register a host, ask for registration of a new host. */
  rights: z.array(z.enum(['upload', 'existing', 'new'])),
  /** What a host registered with it shall do. */
  mode: z.enum(['push-agent', 'pull-agent']),
  /** Of password or token; a certificate has none. */
  hash: z.string(),
  /** What was issued for a certificate; no other with the same name is meant. */
  certificates: z.array(z.object({ serial: z.string(), notAfter: z.string() })).optional(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
});

export type Access = z.infer<typeof accessSchema>;
export type Right = Access['rights'][number];

type SecretKind = Exclude<Access['kind'], 'certificate'>;

/** What is given when a user or token is made. */
export interface AccessWish {
  readonly kind: SecretKind;
  readonly hosts: readonly string[];
  readonly piggyback: readonly string[];
  readonly mode: Access['mode'];
  /** Of a user, who is known by it; or what people call a token. */
  readonly name?: string;
  readonly now: number;
  /** Milliseconds; undefined for ever. */
  readonly validMs: number | undefined;
}

/** What is given when a certificate for several hosts is made. */
export interface CertificateWish extends Pick<AccessWish, 'hosts' | 'piggyback' | 'now'> {
  readonly uuid: string;
  /** What people call it; empty for none. */
  readonly name: string;
  /** Undefined for as long as it is renewed. */
  readonly expiresAt: Date | undefined;
  readonly certificate: NewCertificate;
}

const rightsOf: Readonly<Record<Access['kind'], readonly Right[]>> = {
  user: ['upload', 'existing', 'new'],
  upload: ['upload'],
  registration: ['existing', 'new'],
  certificate: ['upload'],
};

export class Accesses {
  readonly #records: Records<Access>;

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'access'), accessSchema);
  }

  /** @param log of the receiver, which tidies up */
  static async open(directory: string, log?: Logger): Promise<Accesses> {
    const accesses = new Accesses(directory);
    await accesses.#records.prepare(log);
    return accesses;
  }

  inspect(): Promise<Inspection<Access>> {
    return this.#records.inspect();
  }

  async list(): Promise<readonly Access[]> {
    return this.#records.list();
  }

  async user(name: string): Promise<Access | undefined> {
    return isUserName(name) ? this.#records.read(`user-${name}`) : undefined;
  }

  /** The record a token would belong to; whether it does, its hash tells. */
  async token(token: string): Promise<Access | undefined> {
    const ids = idsOfToken(token);
    const { inside } = ids;
    const found = inside === undefined ? undefined : await this.#records.read(`token-${inside}`);
    // The id of an older token alone does not lead to its slow hash.
    if (found !== undefined && isFastHash(found.hash)) return found;
    return this.#records.read(`token-${ids.hashed}`);
  }

  /** The rights that belong to a common name; whether a certificate is meant, its serial tells. */
  async certificate(uuid: string): Promise<Access | undefined> {
    return isHostUuid(uuid) ? this.#records.read(`certificate-${uuid}`) : undefined;
  }

  /** Gives rights to a certificate that was made for them. */
  async makeCertificate(wish: CertificateWish): Promise<Access> {
    const { uuid: id, name, hosts, piggyback, expiresAt, certificate, now } = wish;
    const access: Access = {
      ...{ kind: 'certificate', id, name, hosts: [...hosts], piggyback: [...piggyback] },
      ...{ rights: [...rightsOf.certificate], mode: 'push-agent', hash: '' },
      certificates: [toIssued(certificate)],
      createdAt: new Date(now).toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
    };
    if (await this.#records.create(fileOf(access), access)) return access;
    throw new CourierError('INTERNAL', `two certificates have the UUID ${id}`);
  }

  /**
   * Lets a further certificate have the rights; those before it stay good until they expire.
   *
   * @param expiresAt when the rights end from now on; undefined for what there is
   * @returns undefined when they are revoked meanwhile: then it must not be given away
   */
  async addCertificate(
    { kind, id }: Access,
    added: NewCertificate & { readonly expiresAt?: Date | undefined },
    succession: Succession,
  ): Promise<Access | undefined> {
    return this.#records.update(fileOf({ kind, id }), async (before) => {
      if (before === undefined) return undefined;
      const known = before.certificates ?? [];
      const certificates = await withCertificates(known, [added], succession);
      const expiresAt = added.expiresAt?.toISOString() ?? before.expiresAt;
      return { ...before, certificates, expiresAt };
    });
  }

  /**
   * Makes a user or token and its secret, which is nowhere else from then on.
   *
   * @throws CourierError USAGE when there is such a user already
   */
  async make(wish: AccessWish): Promise<{ readonly access: Access; readonly secret: string }> {
    const { kind, name = '', now, validMs } = wish;
    if (kind === 'user' && !isUserName(name)) {
      throw new CourierError('USAGE', `a user cannot be called ${quote(name)}`);
    }
    const { secret, ...made } = await makeSecret(kind, name);
    const access: Access = {
      kind,
      ...made,
      hosts: [...wish.hosts],
      piggyback: [...wish.piggyback],
      rights: [...rightsOf[kind]],
      mode: wish.mode,
      createdAt: new Date(now).toISOString(),
      expiresAt: validMs === undefined ? null : new Date(now + validMs).toISOString(),
    };
    if (await this.#records.create(fileOf(access), access)) return { access, secret };
    throw new CourierError('USAGE', `there is a user ${quote(name)} already; revoke it first`);
  }

  /** @returns false when it was gone already; of several at once, one gets true */
  remove(access: Access): Promise<boolean> {
    return this.#records.remove(fileOf(access));
  }

  /**
   * Checks an access again while nobody can change it, and removes it if it may be used only once:
   * of several at once, one gets it.
   *
   * @param check gets what there is now; may throw, and then nothing is taken
   */
  async admit({ kind, id }: Access, check: (now: Access | undefined) => void): Promise<void> {
    await this.#records.update(fileOf({ kind, id }), (now) => {
      check(now);
      return kind === 'registration' ? undefined : now;
    });
  }

  /** Keeps a token under another hash, unless it has been removed or changed since it was read. */
  async rehash(access: Access, hash: string): Promise<void> {
    await this.#records.update(fileOf(access), (before) =>
      before?.hash === access.hash ? { ...before, hash } : before,
    );
  }

  /** Takes one of its hosts from an access. */
  async narrow(access: Access, host: string): Promise<void> {
    await this.#records.update(
      fileOf(access),
      (before) => before && { ...before, hosts: before.hosts.filter((one) => one !== host) },
    );
  }

  /** Removes a record that cannot be read, by its name. */
  removeDamaged(name: string): Promise<boolean> {
    return this.#records.remove(name);
  }

  /** Puts back a token that was taken for something that then failed. */
  async restore(access: Access): Promise<void> {
    await this.#records.create(fileOf(access), access);
  }
}

type Secret = Pick<Access, 'id' | 'name' | 'hash'> & { readonly secret: string };

async function makeSecret(kind: SecretKind, name: string): Promise<Secret> {
  if (kind === 'user') {
    const secret = randomBytes(24).toString('base64url');
    return { id: name, name: '', secret, hash: await hashPassword(secret) };
  }
  const { id, token } = kind === 'upload' ? makeUploadToken() : makeRegistrationToken();
  return { id, name, secret: token, hash: hashToken(token) };
}

function fileOf({ kind, id }: Pick<Access, 'kind' | 'id'>): string {
  if (kind === 'upload' || kind === 'registration') return `token-${id}`;
  return `${kind}-${id}`;
}

function isUserName(name: string): boolean {
  return /^[\w.@+-]{1,100}$/.test(name);
}
