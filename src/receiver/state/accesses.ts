/** Users and tokens: who may send or register which hosts. One file each, secrets hashed. */

import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { CourierError, quote } from '../../faults/errors.ts';
import { hashSecret, tokenId } from '../hashing.ts';
import { Records } from './records.ts';

const accessSchema = z.object({
  /** A user has a name and a password; an upload token is sent with each output; a registration token works once. */
  kind: z.enum(['user', 'upload', 'registration']),
  /** The user's name, or where the token is found. */
  id: z.string(),
  /** Names or patterns of hosts. */
  hosts: z.array(z.string()),
  /** Further names piggyback may be for. */
  piggyback: z.array(z.string()),
  /** What it may do: send output, register a host, ask for registration of a new host. */
  rights: z.array(z.enum(['upload', 'existing', 'new'])),
  /** What a host registered with it shall do. */
  mode: z.enum(['push-agent', 'pull-agent']),
  hash: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
});

export type Access = z.infer<typeof accessSchema>;
export type Right = Access['rights'][number];

/** What is said when an access is made. */
export interface AccessWish {
  readonly kind: Access['kind'];
  readonly hosts: readonly string[];
  readonly piggyback: readonly string[];
  readonly mode: Access['mode'];
  /** Of a user only. */
  readonly name?: string;
  readonly now: number;
  /** Milliseconds; undefined for ever. */
  readonly validMs: number | undefined;
}

const rightsOf: Readonly<Record<Access['kind'], readonly Right[]>> = {
  user: ['upload', 'existing', 'new'],
  upload: ['upload'],
  registration: ['existing', 'new'],
};

export class Accesses {
  readonly #records: Records<Access>;

  private constructor(directory: string) {
    this.#records = new Records(join(directory, 'access'), accessSchema);
  }

  /** @param tidy removes what a crash left behind; for the receiver only */
  static async open(directory: string, tidy = false): Promise<Accesses> {
    const accesses = new Accesses(directory);
    await accesses.#records.prepare(tidy);
    return accesses;
  }

  list(): Promise<readonly Access[]> {
    return this.#records.list();
  }

  async user(name: string): Promise<Access | undefined> {
    return isUserName(name) ? this.#records.read(`user-${name}`) : undefined;
  }

  token(token: string): Promise<Access | undefined> {
    return this.#records.read(`token-${tokenId(token)}`);
  }

  /**
   * Makes a user or token and its secret, which is nowhere else from then on.
   *
   * @throws CourierError USAGE when there is such a user already
   */
  async make(wish: AccessWish): Promise<{ readonly access: Access; readonly secret: string }> {
    const { kind, name = '', now, validMs } = wish;
    const secret =
      kind === 'registration' ? `0:${randomUUID()}` : randomBytes(24).toString('base64url');
    if (kind === 'user' && !isUserName(name)) {
      throw new CourierError('USAGE', `a user cannot be called ${quote(name)}`);
    }
    const access: Access = {
      kind,
      id: kind === 'user' ? name : tokenId(secret),
      hosts: [...wish.hosts],
      piggyback: [...wish.piggyback],
      rights: [...rightsOf[kind]],
      mode: wish.mode,
      hash: await hashSecret(secret),
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

  /** Puts back a token that was taken for something that then failed. */
  async restore(access: Access): Promise<void> {
    await this.#records.create(fileOf(access), access);
  }
}

function fileOf({ kind, id }: Access): string {
  return kind === 'user' ? `user-${id}` : `token-${id}`;
}

function isUserName(name: string): boolean {
  return /^[\w.@+-]{1,100}$/.test(name);
}
