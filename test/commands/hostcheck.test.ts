import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { hostcheck } from '../../src/commands/hostcheck.ts';
import { parseHostName } from '../../src/host-name.ts';
import { main } from '../../src/main.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { systemUptime } from '../../src/ready/uptime.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const host = parseHostName('web01');
const output = Buffer.from('<<<check_mk>>>\n');

/** Directories of a site, and what the plug-in says there. */
async function makeSite(t: TestContext) {
  const directory = await makeTempDir(t);
  const [ready, spool] = [join(directory, 'ready'), join(directory, 'spool')];
  const clock = { ...systemClock };
  const check = async (operands: readonly string[] = [host], options = {}) => {
    const context = makeCommandContext();
    let code = -1;
    const places = { ready: [ready], spool: [spool] };
    const exitWith = (given: number) => {
      code = given;
    };
    const invocation = { operands, options: { ...places, ...options } };
    await hostcheck.run(invocation, { ...context, clock, exitWith });
    return `${code} ${context.said.output}`;
  };
  const lay = () => ReadyDirectory.open({ directory: ready, clock, uptime: systemUptime() });
  const keep = (ageMs: number) => {
    const at = new Date(clock.now() - ageMs);
    return putSpooled(spool, { host, output, producedAt: at, receivedAt: at, origin: 'upload x' });
  };
  return { check, lay, keep };
}

const validity = { validMs: 90_500, address: undefined };

test('a host with fresh output is up', async (t) => {
  const { check, lay } = await makeSite(t);
  lay().publish(host, [output], validity);
  assert.equal(await check(), '0 UP - fresh output of web01 is ready, good for 1m30s\n');
});

test('a host the collector cannot reach is down, and why is said', async (t) => {
  const { check, lay, keep } = await makeSite(t);
  await keep(1000);
  const line = 'cmk-courier: tcp: web01: connecting to 127.0.0.1:6556: no answer (TIMEOUT)';
  lay().publishFault(host, { line, exitCode: 6 }, validity);
  assert.equal(await check(), `2 DOWN - ${line}\n`);
});

test('where nothing is ready, the age of the output in the spool decides', async (t) => {
  const { check, keep } = await makeSite(t);
  await keep(60_000);
  assert.match(
    await check(),
    /^0 UP - output of web01 is 1m(?:\d+s)? old, from upload x \| age=6\ds;;300\n$/,
  );
  assert.match(
    await check([host], { maxAge: ['30s'] }),
    /^2 DOWN - output of web01 is 1m(?:\d+s)? old, allowed are 30s, from upload x \| age=6\ds;;30\n$/,
  );
});

test('what was ready and expired does not count', async (t) => {
  const { check, lay } = await makeSite(t);
  lay().publish(host, [output], { validMs: -1, address: undefined });
  assert.equal(await check(), '2 DOWN - there is no output of web01\n');
});

/** All of the program, as a core runs it. */
async function runProgram(args: readonly string[]): Promise<string> {
  const context = makeCommandContext();
  const code = await main(args, context);
  return `${code} ${context.said.output}${context.said.errors}`;
}

test('a mistake is UNKNOWN, on stdout, not a host that is down', async () => {
  assert.equal(
    await runProgram(['hostcheck']),
    '3 UNKNOWN - cmk-courier: hostcheck: hostcheck needs one HOST (USAGE)\n',
  );
  assert.equal(
    await runProgram(['hostcheck', '--foo', 'web01']),
    '3 UNKNOWN - cmk-courier: hostcheck: unknown option "--foo" (USAGE)\n',
  );
  assert.equal(
    await runProgram(['hostcheck', '../web01']),
    '3 UNKNOWN - cmk-courier: hostcheck: must be a host name Checkmk accepts, not "../web01" (USAGE)\n',
  );
});

test('the exit code of a verdict is that of the program', async (t) => {
  const directory = await makeTempDir(t);
  const args = ['hostcheck', 'web01', `--ready=${directory}/none`, `--spool=${directory}/none`];
  assert.equal(await runProgram(args), '2 DOWN - there is no output of web01\n');
});
