/** Maildirs as a delivery agent leaves them. */

import { chown, mkdir, readdir, rename, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** An empty Maildir, or a folder in one. */
export async function makeMaildir(path: string, owner?: Owner): Promise<void> {
  for (const name of ['', 'tmp', 'new', 'cur']) {
    await mkdir(join(path, name), { recursive: true });
    if (owner !== undefined) await chown(join(path, name), owner.uid, owner.gid);
  }
}

interface Arrival {
  /** Now, when left out. */
  readonly arrivedAt?: Date;
  readonly into?: 'new' | 'cur';
  /** In place of a name that says when it arrived. */
  readonly name?: string;
  readonly owner?: Owner;
}

let deliveries = 0;

/** Delivers a message: complete under another name first, then renamed. */
export async function deliver(
  maildir: string,
  message: Buffer | string,
  { arrivedAt = new Date(), into = 'new', name, owner }: Arrival = {},
): Promise<string> {
  deliveries += 1;
  const seconds = Math.floor(arrivedAt.getTime() / 1000);
  const count = String(deliveries).padStart(6, '0');
  const file = name ?? `${seconds}.M${count}P${process.pid}.testhost`;
  const waiting = join(maildir, 'tmp', file);
  await writeFile(waiting, message);
  if (owner !== undefined) await chown(waiting, owner.uid, owner.gid);
  await utimes(waiting, arrivedAt, arrivedAt);
  await rename(waiting, join(maildir, into, file));
  return join(maildir, into, file);
}

/** The messages in it. */
export async function listMessages(maildir: string): Promise<readonly string[]> {
  const names = await Promise.all(
    ['new', 'cur'].map(async (part) => {
      const files = await readdir(join(maildir, part));
      return files.map((file) => join(maildir, part, file));
    }),
  );
  return names.flat();
}

/** Takes a message away; fine when it is gone, or has got other flags. */
export async function withdraw(maildir: string, delivered: string): Promise<void> {
  const unique = delivered.slice(delivered.lastIndexOf('/') + 1).split(':')[0] ?? '';
  for (const path of await listMessages(maildir)) {
    if (path.includes(`/${unique}`)) await unlink(path);
  }
}
