/**
 * The receiver beside its own commands: what hosts do over HTTPS and what two administrators do in
 * processes of their own, in random order and at the same time. No revoked host writes, and no
 * change is lost.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { toSerial } from '../../src/certs/revocation.ts';
import {
  askForRegistration,
  askProgress,
  type Connection,
  type Progress,
  push,
  register,
  renew,
} from '../peers/controller-client.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

const rounds = process.env['COURIER_TEST_LONG'] === undefined ? 80 : 10_000;
const lanes = 6;
/** Within it everything of a round begins. */
const spreadMs = 12;

type Verb = 'allow' | 'deny' | 'revoke';
type Said = { readonly text: string; readonly fault?: string };
type Ask = (verb: Verb, name: string, piggyback?: readonly string[]) => Promise<Said>;

const program = fileURLToPath(new URL('../fixtures/programs/administrator.ts', import.meta.url));

/** `cmk-courier hosts` in a process of its own, that ends with the test. */
function startAdministrator(t: TestContext, running: RunningReceiver): Ask {
  const places = [`${running.directory}/state`, running.certificates.directory];
  const child = spawn(process.execPath, [program, ...places], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map<number, (said: Said) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, ...said } = JSON.parse(line);
    waiting.get(id)?.(said);
    waiting.delete(id);
  });
  t.after(async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  });
  let count = 0;
  return (verb, name, piggyback = []) =>
    new Promise((resolve) => {
      count += 1;
      waiting.set(count, resolve);
      child.stdin.write(`${JSON.stringify({ id: count, verb, name, piggyback })}\n`);
    });
}

interface Site {
  readonly running: RunningReceiver;
  readonly place: { readonly port: number; readonly site: string };
  readonly user: { readonly user: string; readonly password: string };
  readonly administrators: readonly [Ask, Ask];
}

async function startSite(t: TestContext): Promise<Site> {
  const running = await startReceiver(t, { addressConnections: ['10000'] });
  const password = await running.makeAccess({ kind: 'user', name: 'admin' });
  const administrators = [startAdministrator(t, running), startAdministrator(t, running)] as const;
  const place = { port: running.port, site };
  return { running, place, user: { user: 'admin', password }, administrators };
}

const ec = { kind: 'ec' } as const;
const chance = (below: number) => Math.floor(Math.random() * below);
/** After a moment that is another one each time. */
async function soon<Result>(work: () => Promise<Result>): Promise<Result> {
  await sleep(chance(spreadMs));
  return work();
}
const settle = <Result>(work: Promise<Result>): Promise<Result | undefined> =>
  work.catch((error: unknown) => {
    // Only an answer of the receiver is one: what cannot even be asked is a fault of the test.
    const status = error instanceof Error && 'status' in error ? error.status : undefined;
    assert.ok(status === 403 || status === 400 || status === 404, String(error));
    return undefined;
  });
const serialOf = ({ cert }: Connection) => toSerial(new X509Certificate(cert).serialNumber);

async function requireSilenced({ place }: Site, connections: readonly Connection[]): Promise<void> {
  for (const connection of connections) {
    const wrote = await settle(push(place, connection, goodOutput).then(() => true));
    assert.equal(wrote, undefined, `${connection.uuid} writes after it was revoked`);
  }
}

/** One host that is registered: renewals, a further registration, piggyback, its end. */
async function disturbHost(here: Site, host: string, turn: number): Promise<void> {
  const { running, place, user, administrators } = here;
  const [one, other] = turn % 2 === 0 ? administrators : administrators.toReversed();
  const current = await register(place, user, host, ec);
  const isRevoked = chance(2) === 0;
  const isTakenOver = chance(3) === 0;
  const [renewals, taken, revoked, allowed] = await Promise.all([
    Promise.all(
      Array.from({ length: 1 + chance(3) }, () => soon(() => settle(renew(place, current)))),
    ),
    isTakenOver ? soon(() => register(place, user, host, ec)) : undefined,
    isRevoked ? soon(async () => one?.('revoke', host)) : undefined,
    soon(async () => other?.('allow', host, [`vm${turn}`])),
    soon(() => settle(push(place, current, goodOutput))),
  ]);
  const certificates = [current, ...renewals.flatMap((renewed) => renewed ?? [])];
  const record = await running.hosts.byName(host);
  if (isRevoked) assert.match(revoked?.text ?? '', new RegExp(`revoked ${host} `));
  if (isRevoked || isTakenOver) await requireSilenced(here, certificates);
  if (isRevoked && !isTakenOver) assert.equal(record, undefined, 'revoked, and there');
  if (isRevoked) return;
  assert.equal(record?.uuid, (taken ?? current).uuid);
  assert.equal(allowed?.fault, undefined);
  assert.deepEqual(record?.allowedPiggyback, [`vm${turn}`], 'what was allowed is lost');
  if (taken !== undefined) return;
  const listed = record?.certificates.map(({ serial }) => toSerial(serial)) ?? [];
  for (const connection of certificates) {
    assert.ok(listed.includes(serialOf(connection)), 'a certificate was given away and forgotten');
  }
}

/** A host that asks, while one allows and another denies or revokes it. */
async function disturbRequest(here: Site, host: string, turn: number): Promise<void> {
  const { running, place, user, administrators } = here;
  const [one, other] = turn % 2 === 0 ? administrators : administrators.toReversed();
  const asked = await askForRegistration(place, user, { 'cmk/hostname-simple': host });
  const { uuid } = asked.keys;
  const against = (['deny', 'revoke'] as const)[chance(2)] ?? 'deny';
  const poll = () => settle(askProgress(asked));
  await Promise.all([
    soon(async () => one?.('allow', uuid)),
    soon(poll),
    soon(poll),
    soon(poll),
    soon(async () => other?.(against, against === 'deny' ? uuid : host)),
  ]);
  const progress: Progress | undefined = await poll();
  const record = await running.hosts.byName(host);
  const request = await running.requests.byUuid(uuid);
  if (against === 'revoke') {
    // Whatever came after it cannot have brought the host back: nobody has asked again.
    assert.equal(record, undefined, 'revoked, and there');
    assert.equal(progress, undefined);
    assert.equal(request, undefined);
    return;
  }
  if (request?.state === 'declined' && record === undefined) {
    assert.equal(progress?.status, 'Declined');
  } else {
    assert.equal(record?.uuid, uuid);
    const said = await one?.('revoke', host);
    assert.match(said?.text ?? '', new RegExp(`revoked ${host} ${uuid}`));
  }
  if (progress?.status === 'Success') await requireSilenced(here, [progress.connection]);
  await one?.('revoke', uuid);
}

test(`${rounds} random turns of hosts and administrators at once: no revoked host writes, nothing is lost`, {
  timeout: rounds * 2000,
}, async (t) => {
  const here = await startSite(t);
  let turn = 0;
  const lane = async (n: number) => {
    while (turn < rounds) {
      turn += 1;
      const now = turn;
      if (now % 3 === 0) await disturbRequest(here, `new${n}-${now}`, now);
      else await disturbHost(here, `web${n}`, now);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, n) => lane(n)));
});
