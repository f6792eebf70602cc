import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { probe } from '../../src/commands/probe.ts';
import { CourierError, stderrLine } from '../../src/faults/errors.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import {
  closesAtOnce,
  isSilent,
  type Misbehaviour,
  sends,
  sendsAndResets,
  sendsAndStays,
} from '../peers/agent-controller/misbehaviours.ts';
import { withAgentController } from '../peers/agent-controller.ts';

/** A call of the command, with what it printed and how it ended. */
function run(operands: readonly string[], options: RawOptions = {}, shutdown?: AbortSignal) {
  const context = { ...makeCommandContext(shutdown), clock: systemClock };
  const ended = probe.run({ operands, options }, context);
  return { ended, output: () => context.said.output };
}

/** A probe of a port where somebody behaves so. */
async function probePort<Result>(
  instead: Misbehaviour,
  use: (place: string) => Promise<Result>,
): Promise<Result> {
  const settings = { agent: async () => Buffer.alloc(0), deviations: { instead } };
  return withAgentController(settings, ({ port }) => use(`127.0.0.1:${port}`));
}

const registered = 'for a host that should be registered this is a fault';

describe('what a Checkmk agent answers is said, and the command ends well', () => {
  const answers: Readonly<Record<string, readonly [what: string, meaning: string]>> = {
    '16': [
      'an Agent Controller in TLS mode',
      'the path is fine and a TLS handshake can start; whether this site and this host\'s UUID are registered there only a fetch can show: by the alert "access denied" the controller does not know this UUID; by "handshake failure", "unsupported certificate" or "certificate unknown" the controller does not accept this site\'s certificate',
    ],
    '<<': [
      'agent output in plain text',
      `everybody who reaches the port can read it: a super-server or systemd socket, or a controller in legacy mode; ${registered}`,
    ],
    '03': [
      'agent output encrypted with a passphrase, scheme 03',
      `the agent itself encrypts, there is no TLS; fetch it with --passphrase-file; ${registered}`,
    ],
    '99': [
      'agent output encrypted with a passphrase, scheme 99',
      `the agent itself encrypts, there is no TLS; fetch it with --passphrase-file; this scheme has no salt and is weak, newer agents use a better one; ${registered}`,
    ],
  };
  for (const [marker, [what, meaning]] of Object.entries(answers)) {
    test(`${marker}, also when nothing follows`, async () => {
      await probePort(sendsAndStays(marker), async (place) => {
        const { ended, output } = run(['tcp', place]);
        await ended;
        assert.equal(output(), `${place} answers b'${marker}': ${what}\n${meaning}\n`);
      });
    });
  }
});

describe('anything else is a fault', () => {
  /** The line on stderr, the place as `HOST`. */
  async function lineFrom(instead: Misbehaviour, options: RawOptions = {}): Promise<string> {
    return probePort(instead, async (place) => {
      const { ended, output } = run(['tcp', place], options);
      const fault = await catchFault(ended);
      assert.equal(output(), '');
      return stderrLine(fault, ['probe']).replace(place, 'HOST');
    });
  }

  test('another service', async () => {
    assert.equal(
      await lineFrom(sends('SSH-2.0-x\r\n')),
      "cmk-courier: probe: unknown transport protocol: b'SS' from HOST: not a Checkmk agent, but an SSH server (MALFORMED)",
    );
  });

  test('an end without a byte', async () => {
    assert.equal(
      await lineFrom(closesAtOnce),
      'cmk-courier: probe: empty output from host HOST: closed at once; our address is not on its allow list, it has 3 connections from us already, or its agent cannot run (NO_OUTPUT)',
    );
  });

  test('silence', async () => {
    const line = await lineFrom(isSilent, { timeout: ['200ms'] });
    assert.match(
      line,
      /^cmk-courier: probe: communication failed: HOST accepted, but sent no marker within \d+ms; .* \(TIMEOUT\)$/,
    );
  });

  test('a connection that breaks', async () => {
    assert.equal(
      await lineFrom(sendsAndResets('1')),
      'cmk-courier: probe: communication failed: reading from HOST: connection reset by the peer (UNREACHABLE)',
    );
  });

  test('nobody there', async () => {
    const place = `127.0.0.1:${await findFreePort()}`;
    const fault = await catchFault(run(['tcp', place]).ended);
    assert.equal(
      stderrLine(fault, ['probe']),
      `cmk-courier: probe: communication failed: connecting to ${place}: connection refused; no agent listens there, or its controller has no pull connection (it looks again every minute) (UNREACHABLE)`,
    );
  });
});

describe('--json', () => {
  async function jsonFrom(instead: Misbehaviour, options: RawOptions = {}) {
    return probePort(instead, async (place) => {
      const { ended, output } = run(['tcp', place], { json: ['true'], ...options });
      const fault = await ended.then(
        () => undefined,
        (error: unknown) => error,
      );
      const { durationMs, meaning, port, ...rest } = JSON.parse(output());
      assert.equal(typeof durationMs, 'number');
      assert.equal(`127.0.0.1:${port}`, place);
      assert.notEqual(meaning, '');
      return { rest, code: fault instanceof CourierError ? fault.code : undefined };
    });
  }

  test('prints a finding and ends well', async () => {
    const { rest, code } = await jsonFrom(sendsAndStays('16'));
    assert.equal(code, undefined);
    assert.deepEqual(rest, {
      probe: 'tcp',
      address: '127.0.0.1',
      finding: 'tls',
      marker: "b'16'",
      what: 'an Agent Controller in TLS mode',
    });
  });

  test('prints a fault, and ends with it, too', async () => {
    const findings = {
      empty: await jsonFrom(closesAtOnce),
      silent: await jsonFrom(isSilent, { timeout: ['200ms'] }),
      unknown: await jsonFrom(sends('HTTP/1.0 400 Bad\r\n')),
      broken: await jsonFrom(sendsAndResets('1')),
    };
    const codes = {
      empty: 'NO_OUTPUT',
      silent: 'TIMEOUT',
      unknown: 'MALFORMED',
      broken: 'UNREACHABLE',
    };
    for (const [finding, { rest, code }] of Object.entries(findings)) {
      assert.equal(rest.finding, finding);
      assert.equal(rest.code, code);
    }
    assert.deepEqual(
      Object.fromEntries(Object.entries(findings).map(([name, { code }]) => [name, code])),
      codes,
    );
    assert.equal(findings.unknown.rest.marker, "b'HT'");
  });
});

test('nothing is sent, and the connection is closed at once', async () => {
  const settings = {
    agent: async () => Buffer.alloc(0),
    deviations: { instead: sendsAndStays('16') },
  };
  await withAgentController(settings, async (controller) => {
    await run(['tcp', `127.0.0.1:${controller.port}`]).ended;
    await waitUntil(() => controller.countConnections() === 0);
    assert.equal(controller.bytesReceived(), 0);
  });
});

test('a signal ends the probe with its reason', async () => {
  const controller = new AbortController();
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  await probePort(isSilent, async (place) => {
    const { ended, output } = run(['tcp', place], {}, controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    assert.equal(await catchFault(ended), reason);
    assert.equal(output(), '');
  });
});

test('what is to be probed is named, and nothing else', async () => {
  const wrong = [[], ['tcp'], ['udp', 'web01'], ['tcp', 'web01', 'web02'], ['tcp', 'a b']];
  for (const operands of wrong) {
    assert.equal((await catchFault(run(operands).ended)).code, 'USAGE');
  }
});
