import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerSecret } from '../../src/faults/redaction.ts';
import { makeLogger, type Verbosity } from '../../src/logging/log.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { sourceUrl, startScript } from '../helpers/run-script.ts';

/** A log and what it has written, with the same time in every line. */
async function makeWatched(verbosity: Verbosity) {
  const written: string[] = [];
  const log = await makeLogger(verbosity, (text) => {
    written.push(text.replace(/^\d\d:\d\d:\d\d\.\d{3} /, '12:00:00.000 '));
  });
  return { log, written };
}

test('a silent log says nothing', async () => {
  const { log, written } = await makeWatched('silent');
  log.warn({ host: 'web01' }, 'warned');
  log.child({ transport: 'http' }).info({}, 'informed');
  log.debug({}, 'debugged');
  assert.deepEqual(written, []);
});

test('a silent log does not load pino', async () => {
  const { stdout } = await startScript(`
    import { createRequire } from 'node:module';
    import { makeLogger } from ${sourceUrl('logging/log.ts')};
    const { cache } = createRequire(${sourceUrl('logging/log.ts')});
    const isLoaded = () => Object.keys(cache).some((path) => path.includes('/pino/'));
    await makeLogger('silent', () => {});
    const before = isLoaded();
    await makeLogger('info', () => {});
    process.stdout.write(JSON.stringify([before, isLoaded()]));
  `).ended;
  assert.equal(stdout.toString(), '[false,true]');
});

test('a record is one line with its host in front and its fields behind', async () => {
  const { log, written } = await makeWatched('debug');
  log.info({ host: 'web01', durationMs: 3 }, 'fetched');
  log.warn({ code: 'PEER' }, 'acknowledging failed');
  log.debug({}, 'opened');
  assert.deepEqual(written, [
    '12:00:00.000 info web01: fetched durationMs=3\n',
    '12:00:00.000 warn: acknowledging failed code=PEER\n',
    '12:00:00.000 debug: opened\n',
  ]);
});

test('every line begins with the time of day', async () => {
  const written: string[] = [];
  const log = await makeLogger('info', (text) => written.push(text));
  log.info({}, 'said');
  assert.match(written.join(''), /^\d\d:\d\d:\d\d\.\d{3} info: said\n$/);
});

test('info says less than debug', async () => {
  const { log, written } = await makeWatched('info');
  log.debug({}, 'not said');
  log.info({}, 'said');
  log.warn({}, 'said as well');
  assert.deepEqual(written, ['12:00:00.000 info: said\n', '12:00:00.000 warn: said as well\n']);
});

test('a child says its own fields in every line', async () => {
  const { log, written } = await makeWatched('info');
  const child = log.child({ transport: 'http' }).child({ host: 'web01' });
  child.info({ attempt: 2 }, 'asked again');
  log.info({}, 'alone');
  assert.deepEqual(written, [
    '12:00:00.000 info web01: asked again transport=http attempt=2\n',
    '12:00:00.000 info: alone\n',
  ]);
});

test('values of every kind become text', async () => {
  const { log, written } = await makeWatched('info');
  log.info({ none: null, missing: undefined, list: [1, 'b'], on: true, deep: { a: 1 } }, 'said');
  assert.deepEqual(written, [
    '12:00:00.000 info: said none=null list=[1,"b"] on=true deep={"a":1}\n',
  ]);
});

test('what a peer said cannot begin a new line or colour the terminal', async () => {
  const { log, written } = await makeWatched('info');
  log.info({ said: 'a\n12:00:00.000 warn: forged\u001b[31m\u202e' }, 'the peer\r\nsaid');
  assert.deepEqual(written, [
    '12:00:00.000 info: the peer said said=a 12:00:00.000 warn: forged [31m\n',
  ]);
});

test('a very long value is cut', async () => {
  const { log, written } = await makeWatched('info');
  log.info({ said: 'x'.repeat(5000) }, 'said');
  assert.equal(Array.from(written.join('')).length, 2000 + '\n'.length);
  assert.match(written.join(''), /^12:00:00\.000 info: said said=x+…\n$/);
});

test('a secret is struck out of messages, fields and nested fields', async () => {
  registerSecret('Lg2-hidden');
  const { log, written } = await makeWatched('debug');
  log.info({ url: 'http://x/?t=Lg2-hidden', deep: { list: ['Lg2-hidden'] } }, 'with Lg2-hidden');
  log.child({ user: 'Lg2-hidden' }).debug({ secret: new Secret('Lg2-other') }, 'said');
  assert.deepEqual(written, [
    '12:00:00.000 info: with [secret] url=http://x/?t=[secret] deep={"list":["[secret]"]}\n',
    '12:00:00.000 debug: said user=[secret] secret=[secret]\n',
  ]);
});

test('a secret with quotation marks is struck out of nested fields', async () => {
  registerSecret('Lg2"quoted\\hidden');
  const { log, written } = await makeWatched('info');
  log.info({ plain: 'Lg2"quoted\\hidden', deep: { password: 'Lg2"quoted\\hidden' } }, 'said');
  assert.deepEqual(written, [
    '12:00:00.000 info: said plain=[secret] deep={"password":"[secret]"}\n',
  ]);
});
