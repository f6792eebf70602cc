/**
 * Which nats-server tests run: Debian's or, with `COURIER_NATS=newest`, the newest one, which the Go
 * of this machine builds; with `COURIER_NATS=/PATH` any other.
 */

import { skipWithout } from '../helpers/required-peer.ts';
import { type Built, buildGoProgram } from './go-program.ts';

const debian = 'nats-server';

/** More than a minute of Go: in the long form, or where it is asked for. */
const mayBuild =
  process.env['COURIER_TEST_LONG'] !== undefined || process.env['COURIER_NATS'] === 'newest';

/** The newest release that there was when go.mod was written. */
export function buildNewestNats(): Built {
  const main = 'github.com/nats-io/nats-server/v2';
  const files = ['go.mod', 'go.sum'];
  return buildGoProgram({ name: 'nats-server', folder: 'nats-newest', files, main }, mayBuild);
}

const wanted = process.env['COURIER_NATS'] ?? debian;

/** @throws Error when the one that is wanted cannot be built */
export function natsProgram(): string {
  if (wanted !== 'newest') return wanted;
  const newest = buildNewestNats();
  if ('path' in newest) return newest.path;
  throw new Error(newest.missing);
}

/** Whether tests of nats-server have to be skipped: a reason, or false. */
export function skipWithoutNats(): string | false {
  if (wanted === debian) return skipWithout(debian);
  if (wanted !== 'newest') return false;
  const newest = buildNewestNats();
  return 'missing' in newest && newest.missing;
}
