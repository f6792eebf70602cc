/** The certificate of the page follows its files. */

import assert from 'node:assert/strict';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { PageCertificate } from '../../src/status-page/web/page-certificate.ts';
import { listen } from '../../src/system/listening.ts';
import { issueSelfSigned } from '../helpers/certificates.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';

type Issued = ReturnType<typeof issueSelfSigned>;

class Place {
  readonly certificate: string;
  readonly key: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    [this.certificate, this.key] = [join(directory, 'c.pem'), join(directory, 'k.pem')];
  }

  static async make(t: TestContext, issued: Issued): Promise<Place> {
    const place = new Place(await makeTempDir(t));
    await place.put('key', issued.key);
    await place.put('certificate', issued.cert);
    return place;
  }

  /** As programs that renew certificates do it: beside it, then into its place. */
  async put(which: 'certificate' | 'key', text: string): Promise<void> {
    const fresh = join(this.#directory, 'fresh');
    await writeFile(fresh, text, { mode: 0o600 });
    await rename(fresh, this[which]);
  }
}

/** A page with it, and the name that whoever connects is shown. */
async function serve(t: TestContext, place: Place, clock = new FakeClock(Date.now())) {
  const log = makeCollectingLog();
  const certificate = new PageCertificate(place, clock, log);
  const server = await certificate.serve((pair) => createServer(pair));
  t.after(() => server.close());
  const port = await listen(server, { address: '127.0.0.1', port: 0 });
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on('error', reject);
    });
  return { certificate, log, shown, clock };
}

test('another certificate is shown as soon as it is there with its key, and none that is torn', async (t) => {
  const [before, after] = ['before', 'after'].map((name) => issueSelfSigned({ name }));
  assert.ok(before !== undefined && after !== undefined);
  const place = await Place.make(t, before);
  const { certificate, log, shown } = await serve(t, place);
  await certificate.look();
  assert.equal(await shown(), 'before');
  await place.put('key', after.key);
  await certificate.look();
  assert.deepEqual([await shown(), log.lines], ['before', []]);
  // What is wrong for longer than a moment is told, once.
  for (let look = 0; look < 3; look += 1) await certificate.look();
  assert.deepEqual([await shown(), log.lines.length], ['before', 1]);
  assert.match(
    log.lines[0] ?? '',
    /^warn certificate and key .* cannot be used together: .*; what was read before stays in use/,
  );
  await place.put('certificate', after.cert);
  await certificate.look();
  assert.equal(await shown(), 'after');
  assert.match(log.lines[1] ?? '', /^info the certificate of the status page was read again/);
});

test('a link to the newest certificate is followed; what others may change is not taken', async (t) => {
  const [before, after] = ['before', 'after'].map((name) => issueSelfSigned({ name }));
  assert.ok(before !== undefined && after !== undefined);
  const directory = await makeTempDir(t);
  const place = new Place(directory);
  for (const [name, { cert, key }] of [['1', before] as const, ['2', after] as const]) {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'pair.pem'), `${cert}\n${key}`, { mode: 0o600 });
  }
  const turnTo = async (name: string) => {
    for (const path of [place.certificate, place.key]) {
      await symlink(join(name, 'pair.pem'), join(directory, 'fresh'));
      await rename(join(directory, 'fresh'), path);
    }
  };
  await turnTo('1');
  const { certificate, log, shown, clock } = await serve(t, place);
  assert.equal(await shown(), 'before');
  await chmod(join(directory, '2/pair.pem'), 0o666);
  await turnTo('2');
  await certificate.look();
  await certificate.look();
  assert.equal(await shown(), 'before');
  assert.match(
    log.lines.join('\n'),
    /^warn others may change .*c\.pem: .*; what was read before stays in use/,
  );
  await chmod(join(directory, '2/pair.pem'), 0o600);
  clock.advance(60_000);
  await certificate.look();
  assert.equal(await shown(), 'after');
});

test('that it ends soon is told once a day, and until the signal aborts it is looked after', async (t) => {
  const ends = new Date('2026-06-11T00:00:00Z');
  const place = await Place.make(t, issueSelfSigned({ name: 'page', validUntil: ends }));
  const { certificate, log, clock } = await serve(
    t,
    place,
    new FakeClock(ends.getTime() - 12.5 * 86_400_000),
  );
  const ended = new AbortController();
  const following = certificate.follow(ended.signal);
  for (let turn = 0; turn < 3; turn += 1) {
    await waitUntil(() => clock.sleeping === 1);
    clock.advance(turn === 1 ? 86_400_000 : 5000);
  }
  await waitUntil(() => clock.sleeping === 1);
  assert.deepEqual(log.lines, [
    'warn the certificate of the status page expires in 12 days {}',
    'warn the certificate of the status page expires in 11 days {}',
  ]);
  ended.abort();
  await following;
});
