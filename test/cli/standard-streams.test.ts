import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { readDescriptor, writeDescriptor } from '../../src/cli/standard-streams.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { scriptArguments, sourceUrl } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const timeout = 60_000;
const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** Far more than a pipe holds. */
const large = Buffer.alloc(1_000_003, 'agent output\n');

/** A named pipe; `open` opens it and closes it at the end of the test. */
async function makePipe(context: TestContext) {
  const path = join(await makeTempDir(context), 'pipe');
  execFileSync('mkfifo', [path]);
  const descriptors = new Set<number>();
  const close = (descriptor: number) => {
    if (descriptors.delete(descriptor)) closeSync(descriptor);
  };
  context.after(() => descriptors.forEach(close));
  const open = (flags: number): number => {
    const descriptor = openSync(path, flags);
    descriptors.add(descriptor);
    return descriptor;
  };
  return { open, close };
}

/** Both ends of a pipe; neither end waits for the other to be opened. */
async function makeEnds(context: TestContext, extraFlags = 0) {
  const { open, close } = await makePipe(context);
  const both = open(O_RDWR | O_NONBLOCK);
  const reader = open(O_RDONLY | extraFlags);
  const writer = open(O_WRONLY | extraFlags);
  close(both);
  return { reader, writer, close };
}

/** Starts lines of a child that have `readDescriptor`, `writeDescriptor` and `writeErrorText`. */
function startStreams(lines: string) {
  const names = 'readDescriptor, writeDescriptor, writeErrorText';
  const script = `import { ${names} } from ${sourceUrl('cli/standard-streams.ts')};\n${lines}`;
  const child = spawn(process.execPath, scriptArguments(script), { timeout });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { ...child, ended };
}

test('every byte reaches a reader that takes its time', { timeout }, async (context) => {
  const { reader, writer, close } = await makeEnds(context);
  const read = readDescriptor(reader, large.length);
  await writeDescriptor(writer, large);
  close(writer);
  assert.ok(large.equals(await read));
});

test('a pipe that is not to be waited for is asked again', { timeout }, async (context) => {
  const { reader, writer, close } = await makeEnds(context, O_NONBLOCK);
  const read = readDescriptor(reader, large.length);
  await wait(20);
  await writeDescriptor(writer, large);
  close(writer);
  assert.ok(large.equals(await read));
});

test('writing waits until somebody reads', { timeout }, async (context) => {
  const { reader, writer } = await makeEnds(context);
  let written = false;
  const writing = writeDescriptor(writer, large).then(() => {
    written = true;
  });
  await wait(50);
  assert.equal(written, false);
  const chunk = Buffer.alloc(64 * 1024);
  let total = 0;
  while (total < large.length) {
    total += readSync(reader, chunk);
    await wait(0);
  }
  await writing;
  assert.equal(total, large.length);
});

test('nothing to write is written at once', { timeout }, async (context) => {
  const { writer } = await makeEnds(context);
  await writeDescriptor(writer, Buffer.alloc(0));
});

test('a reader that has gone is a fault of this machine', { timeout }, async (context) => {
  const { reader, writer, close } = await makeEnds(context);
  close(reader);
  const fault = await expectFault(writeDescriptor(writer, large), 'LOCAL');
  assert.equal(fault.message, 'writing to stdout: nobody reads it any more');
});

test('a reader that goes half-way is a fault of this machine', { timeout }, async (context) => {
  const { reader, writer, close } = await makeEnds(context, O_NONBLOCK);
  const writing = expectFault(writeDescriptor(writer, large), 'LOCAL');
  await wait(20);
  close(reader);
  assert.equal((await writing).message, 'writing to stdout: nobody reads it any more');
});

test('a full disk is named', { timeout }, async (context) => {
  const descriptor = openSync('/dev/full', O_WRONLY);
  context.after(() => closeSync(descriptor));
  const fault = await expectFault(writeDescriptor(descriptor, Buffer.from('x')), 'LOCAL');
  assert.equal(fault.message, 'writing to stdout: no space left on device');
});

test('input of exactly the limit is read, one byte more is not', { timeout }, async (context) => {
  for (const [maxBytes, isEnough] of [
    [large.length, true],
    [large.length - 1, false],
  ] as const) {
    const { reader, writer, close } = await makeEnds(context, O_NONBLOCK);
    const reading = readDescriptor(reader, maxBytes);
    const writing = writeDescriptor(writer, large).then(() => close(writer));
    if (isEnough) {
      assert.equal((await reading).length, large.length);
    } else {
      const fault = await expectFault(reading, 'TOO_LARGE');
      assert.equal(fault.message, `stdin holds more than the allowed ${maxBytes} bytes`);
      close(reader);
      await writing.catch(() => undefined);
    }
  }
});

test('input that ends at once is empty', { timeout }, async (context) => {
  const { reader, writer, close } = await makeEnds(context);
  close(writer);
  assert.equal((await readDescriptor(reader, 10)).length, 0);
});

test('input that never ends is given up at the limit', { timeout }, async () => {
  const zero = openSync('/dev/zero', O_RDONLY);
  try {
    await expectFault(readDescriptor(zero, 1_000_000), 'TOO_LARGE');
  } finally {
    closeSync(zero);
  }
});

test('a directory cannot be read as input', { timeout }, async (context) => {
  const descriptor = openSync(await makeTempDir(context), O_RDONLY);
  context.after(() => closeSync(descriptor));
  const fault = await expectFault(readDescriptor(descriptor, 10), 'LOCAL');
  assert.equal(fault.message, 'reading stdin: is a directory');
});

test('a child copies stdin to stdout byte for byte', { timeout }, async () => {
  const child = startStreams('await writeDescriptor(1, await readDescriptor(0, 2_000_000));');
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stdin.end(large);
  assert.equal(await child.ended, 0);
  assert.ok(large.equals(Buffer.concat(chunks)));
});

test('a child whose stdout nobody reads any more says so and goes on', { timeout }, async () => {
  const child = startStreams(`
    await writeDescriptor(1, Buffer.from('ready'));
    await readDescriptor(0, 10);
    await writeDescriptor(1, Buffer.alloc(1_000_000)).catch((error) => {
      writeErrorText(error.code + ' ' + error.message);
    });
  `);
  const said: string[] = [];
  child.stderr.on('data', (chunk) => said.push(String(chunk)));
  child.stdout.once('data', () => {
    child.stdout.destroy();
    child.stdin.end();
  });
  assert.equal(await child.ended, 0);
  assert.equal(said.join(''), 'LOCAL writing to stdout: nobody reads it any more');
});

test('a child whose stderr nobody reads does not die of it', { timeout }, async () => {
  const child = startStreams(`
    await readDescriptor(0, 10);
    for (let i = 0; i < 10; i += 1) writeErrorText('x'.repeat(100_000));
    await writeDescriptor(1, Buffer.from('alive'));
  `);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.destroy();
  child.stdin.end();
  assert.equal(await child.ended, 0);
  assert.equal(Buffer.concat(chunks).toString(), 'alive');
});
