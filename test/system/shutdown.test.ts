import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { scriptArguments, sourceUrl, startScript } from '../helpers/run-script.ts';

const timeout = 60_000;
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** What every child begins with. */
const opening = `
  import { writeSync } from 'node:fs';
  import { dieBySignal, listenForShutdown } from ${sourceUrl('system/shutdown.ts')};
  const shutdown = listenForShutdown();
  const say = (text) => writeSync(1, text + '\\n');
  const goOn = () => setInterval(() => {}, 1000);
  shutdown.signal.addEventListener('abort', () => {
    const { name, code, message } = shutdown.signal.reason;
    say(name + ' ' + code + ' ' + message + ' ' + shutdown.received());
  });
`;

async function run(lines: string) {
  const { stdout, ...ended } = await startScript(opening + lines).ended;
  return { ...ended, stdout: stdout.toString() };
}

test('without a signal nothing aborts and the process ends on its own', { timeout }, async () => {
  assert.deepEqual(await run('say(String(shutdown.received()) + shutdown.signal.aborted);'), {
    stdout: 'undefinedfalse\n',
    stderr: '',
    code: 0,
    signal: null,
  });
});

for (const name of signals) {
  test(`${name} aborts with INTERRUPTED and ends the process by itself`, { timeout }, async () => {
    assert.deepEqual(await run(`goOn(); process.kill(process.pid, '${name}');`), {
      stdout: `CourierError INTERRUPTED ended by ${name} ${name}\n`,
      stderr: '',
      code: null,
      signal: name,
    });
  });
}

test('work that ends after the signal has time to clean up', { timeout }, async () => {
  const ended = await run(`
    process.kill(process.pid, 'SIGTERM');
    await new Promise((resolve) => {
      shutdown.signal.addEventListener('abort', () => setImmediate(resolve));
      goOn();
    });
    say('cleaned up');
    dieBySignal(shutdown.received());
  `);
  assert.deepEqual(ended, {
    stdout: 'CourierError INTERRUPTED ended by SIGTERM SIGTERM\ncleaned up\n',
    stderr: '',
    code: null,
    signal: 'SIGTERM',
  });
});

test('a second signal ends the process on the spot, as itself', { timeout }, async () => {
  const ended = await run(`
    globalThis.setTimeout = () => undefined;
    goOn();
    shutdown.signal.addEventListener('abort', () => process.kill(process.pid, 'SIGINT'));
    process.kill(process.pid, 'SIGTERM');
  `);
  assert.deepEqual(ended, {
    stdout: 'CourierError INTERRUPTED ended by SIGTERM SIGTERM\n',
    stderr: '',
    code: null,
    signal: 'SIGINT',
  });
});

test('a signal ends a process whose stdout nobody reads', { timeout }, async () => {
  const script = `
    import { writeSync } from 'node:fs';
    import { listenForShutdown } from ${sourceUrl('system/shutdown.ts')};
    import { writeDescriptor } from ${sourceUrl('cli/standard-streams.ts')};
    listenForShutdown();
    writeSync(2, 'ready');
    await writeDescriptor(1, Buffer.alloc(10_000_000));
  `;
  const child = spawn(process.execPath, scriptArguments(script), { timeout });
  child.stderr.once('data', () => child.kill('SIGTERM'));
  const signal = await new Promise((resolve) => child.on('exit', (_, name) => resolve(name)));
  child.stdout.destroy();
  assert.equal(signal, 'SIGTERM');
});
