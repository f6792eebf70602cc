/**
 * Which target is for which host: what is published, and what is signed and ready to be. One file
 * with a line a host, so that one rename changes all of them at once.
 */

import { CourierError } from '../../faults/errors.ts';
import { remove } from '../../files/file-calls.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import { findTextFile, replaceFile } from '../../system/durable-files.ts';
import { type TargetAction, targetActions } from '../documents/target.ts';
import { WatchedFile } from './watched-file.ts';

/** The target of a host, and what of it the server needs to know without opening it. */
export interface HostTarget {
  readonly counter: number;
  /** Of the signed target, as a file: its name below `targets/`. */
  readonly targetSha256: string;
  /** `-` where the action is not `install`. */
  readonly packageSha256: string;
  /** `-` where the action is not `install`. */
  readonly agentHash: string;
  /** When the target expires, as a stamp. */
  readonly expires: string;
  readonly action: TargetAction;
}

export type HostTargets = ReadonlyMap<HostName, HostTarget>;

/**
 * All hosts of a file; none where there is no file.
 *
 * @throws CourierError CONFIG when it is damaged, or others may change it; LOCAL
 */
export async function readHostTargets(path: string): Promise<HostTargets> {
  const text = await findTextFile(path);
  if (text === undefined) return new Map();
  const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : [''];
  return new Map(lines.map((line, index) => toHostTarget(line, `${path}:${index + 1}`)));
}

/**
 * Puts all hosts in the place of those there were, in one go.
 *
 * @throws CourierError LOCAL; the old ones are still there then
 */
export async function writeHostTargets(path: string, targets: HostTargets): Promise<void> {
  const lines = [...targets]
    .map(([host, target]) => toLine(host, target))
    .sort()
    .join('');
  if (lines === '') await remove(path, { force: true });
  else await replaceFile(path, lines);
}

function toLine(host: HostName, target: HostTarget): string {
  const { counter, targetSha256, packageSha256, agentHash, expires, action } = target;
  return `${[host, counter, targetSha256, packageSha256, agentHash, expires, action].join(' ')}\n`;
}

const wholeLine =
  /^(\S+) ([1-9]\d{0,14}) ([0-9a-f]{64}) ([0-9a-f]{64}|-) ([0-9a-f]{16}|-) (\d{14}) ([a-z-]+)$/;

function toHostTarget(line: string, where: string): readonly [HostName, HostTarget] {
  const [, host = '', counter, targetSha256 = '', packageSha256 = '', agentHash = '', ...rest] =
    wholeLine.exec(line) ?? [];
  const [expires = '', word] = rest;
  const action = targetActions.find((known) => known === word);
  if (!isHostName(host) || action === undefined) {
    throw new CourierError('CONFIG', `${where}: no line of a host and its target`);
  }
  const about = { packageSha256, agentHash, expires, action };
  return [host, { counter: Number(counter), targetSha256, ...about }];
}

/** What is published, read again whenever it has changed: for the server, which asks often. */
export class PublishedTargets {
  readonly #file: WatchedFile<HostTargets>;

  constructor({ published }: { readonly published: string }) {
    this.#file = new WatchedFile(published, () => readHostTargets(published));
  }

  /**
   * The target that holds for a host; undefined where none does.
   *
   * @throws CourierError CONFIG when the file is damaged, or others may change it; LOCAL
   */
  async of(host: HostName): Promise<HostTarget | undefined> {
    return (await this.all()).get(host);
  }

  /** @throws CourierError as {@link of} */
  all(): Promise<HostTargets> {
    return this.#file.read();
  }
}
