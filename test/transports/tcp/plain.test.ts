/** Answers without TLS that are fine, however they arrive. */

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { Secret } from '../../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../../src/wrapping/symmetric.ts';
import { knownDate } from '../../helpers/known-date.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { sends, sendsSlowly } from '../../peers/agent-controller/misbehaviours.ts';
import { type ControllerSettings, withAgentController } from '../../peers/agent-controller.ts';
import { output } from './agents.ts';
import { fetchOutput, lineOf, writeSecret } from './sources.ts';

/** What arrives from such a controller. */
async function fetchFrom(settings: Partial<ControllerSettings>): Promise<Buffer> {
  return withAgentController({ agent: async () => output, ...settings }, async ({ port }) => {
    return (await fetchOutput(`tcp://127.0.0.1:${port}`)).output;
  });
}

test('the marker is put back in front of plain text', async () => {
  assert.deepEqual(await fetchFrom({}), output);
});

test('a marker may arrive in two segments, and the text in more', async () => {
  const instead = sendsSlowly('<<<check_mk>>>\n', (socket) => socket.end('Version: 1\n'));
  const arrived = await fetchFrom({ deviations: { instead } });
  assert.equal(String(arrived), '<<<check_mk>>>\nVersion: 1\n');
});

test('sixteen bytes are enough', async () => {
  const arrived = await fetchFrom({ deviations: { instead: sends('<<<check_mk>>>\n\n') } });
  assert.equal(arrived.length, 16);
});

test('not a byte is sent to the agent', async () => {
  await withAgentController({ agent: async () => output }, async (controller) => {
    await fetchOutput(`tcp://127.0.0.1:${controller.port}`);
    await waitUntil(() => controller.countConnections() === 0);
    assert.equal(controller.bytesReceived(), 0);
  });
});

test('the delivery names address and port, and was produced just now', async () => {
  await withAgentController({ agent: async () => output }, async ({ port }) => {
    const context = makeOpenContext();
    const clock = { ...context.clock, now: () => 1_700_000_000_000 };
    const { origin, producedAt } = await fetchOutput(
      `tcp://{address}:${port}`,
      {},
      {
        ...context,
        clock,
      },
    );
    assert.equal(origin, `tcp://127.0.0.1:${port}`);
    assert.equal(knownDate(producedAt).getTime(), 1_700_000_000_000);
  });
});

test('three connections at once are served, a fourth is closed', async () => {
  const waiting: (() => void)[] = [];
  const agent = () => new Promise<Buffer>((resolve) => waiting.push(() => resolve(output)));
  await withAgentController({ agent }, async ({ port }) => {
    const source = `tcp://127.0.0.1:${port}`;
    const three = [1, 2, 3].map(() => fetchOutput(source));
    await waitUntil(() => waiting.length === 3);
    assert.equal(
      await lineOf(fetchOutput(source)),
      `empty output from host 127.0.0.1:${port}: closed at once; our address is not on its allow list, it has 3 connections from us already, or its agent cannot run (NO_OUTPUT)`,
    );
    for (const answer of waiting) answer();
    for (const delivery of await Promise.all(three)) assert.deepEqual(delivery.output, output);
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

describe('IPv6', { skip: hasIpv6 ? false : 'this machine has no ::1' }, () => {
  test('an agent that listens only there', async () => {
    const settings = { agent: async () => output, address: '::1' };
    await withAgentController(settings, async ({ port }) => {
      assert.deepEqual((await fetchOutput(`tcp://[::1]:${port}`)).output, output);
      const { origin } = await fetchOutput(`tcp://[::1]:${port}/`);
      assert.equal(origin, `tcp://[::1]:${port}`);
    });
  });

  test('the other family is not tried in its place', async () => {
    await withAgentController({ agent: async () => output }, async ({ port }) => {
      assert.equal(
        await lineOf(fetchOutput(`tcp://[::1]:${port}`)),
        `communication failed: connecting to [::1]:${port}: connection refused; no agent listens there, or its controller has no pull connection (it looks again every minute) (UNREACHABLE)`,
      );
    });
  });
});

test('a DNS name is looked up, and one address of it asked', async () => {
  const address = hasIpv6 ? '::' : '127.0.0.1';
  await withAgentController({ agent: async () => output, address }, async ({ port }) => {
    const { origin } = await fetchOutput(`tcp://localhost:${port}`);
    assert.equal(origin, `tcp://localhost:${port}`);
  });
});

test('an encryption without salt is accepted with a warning', async (t) => {
  const passphraseFile = [await writeSecret(await makeTempDir(t), 'passphrase', 'courier-secret')];
  for (const scheme of ['00', '02', '03'] as const) {
    const message = await encryptSymmetric(output, scheme, new Secret('courier-secret'));
    const context = makeOpenContext();
    await withAgentController({ agent: async () => message }, async ({ port }) => {
      await fetchOutput(`tcp://127.0.0.1:${port}`, { passphraseFile }, context);
    });
    const warnings = context.log.lines.filter((line) => line.startsWith('warn a weak encryption'));
    assert.equal(warnings.length, scheme === '03' ? 0 : 1);
  }
});

test('what was encrypted may have other text ahead, and no mark before its salt', async (t) => {
  const passphraseFile = [await writeSecret(await makeTempDir(t), 'passphrase', 'courier-secret')];
  const text = Buffer.concat([Buffer.from('\nWelcome\n'), output]);
  const message = await encryptSymmetric(text, '03', new Secret('courier-secret'));
  message.write('00000000', 2);
  await withAgentController({ agent: async () => message }, async ({ port }) => {
    const delivery = await fetchOutput(`tcp://127.0.0.1:${port}`, { passphraseFile });
    assert.ok(delivery.output.equals(text));
  });
});

/** Vector sets A and B of the specification (tcp-pull, 3.4). */
const vectors: Readonly<Record<string, readonly string[]>> = {
  'courier-secret': [
    '30307c29dc57e391f941013516e639add46f9b1597391ae857034eac95560c605a51ffbfdeefa50e25b305f993afbfd375f6',
    '39397c29dc57e391f941013516e639add46f9b1597391ae857034eac95560c605a51ffbfdeefa50e25b305f993afbfd375f6',
    '30325ab4865bfb4939367be2fa1527c2d7a18fd59e524e7d44dd9f4722a3a22175ccd9bfa28ffb38d13942b21696b94a87b9',
    '303353616c7465645f5f0123456789abcdef3cff7cbbfe95f490daa479d84f326ad155ba634d89bf1c5fd4e32836f0bcfae29daff26d431f51ad2e8fae5106105a83',
    '30340123456789abcdefbcb2bc52f13debbd0ce9898cb114df7379e68e5f849f9ca2b29f0632253e47d06adc4ec7d6438ddd643e963bcaba1ef53afc44132cec4e1169d0892e9aab74a88e8554e2091d26ed5b0e2bba36484ade',
    '30350123456789abcdef0c9b2ca3c49512037e388aee68df5770618a8ef8c21ae1ea169a0a30df71c955d66b3731ad3590ab3a574a51d5824520c3f003660b1f943d8b66dfaafe7f595a04983294ec2930f9ac28bd8babb480c2',
  ],
  'zażółć-ß': [
    '3032dea29fd79c430bee3a4793f838c7fe015587ae0edc648a9fa324e8b73cdb0297',
    '303353616c7465645f5f00112233445566774e8f7bd80eaea13e99c7f9eef86253530c0c8dcde06e28ffa4069c833161d487',
    '3035001122334455667737053552353cdeb5706850e41d2dc266f9785c82a709325344b33fc72e282fbebe931e6b567920ca52ca4825f3482ed357d69cc425aa590f7d4e701518186612',
  ],
};
const plainTexts: Readonly<Record<string, string>> = {
  'courier-secret': '<<<check_mk>>>\nVersion: 2.3.0\nAgentOS: linux\n',
  'zażółć-ß': '<<<local>>>\n0 "x" - ok\n',
};

for (const [passphrase, messages] of Object.entries(vectors)) {
  test(`the vectors of the specification for ${passphrase} are opened`, async (t) => {
    const passphraseFile = [await writeSecret(await makeTempDir(t), 'passphrase', passphrase)];
    for (const message of messages) {
      const agent = async () => Buffer.from(message, 'hex');
      await withAgentController({ agent }, async ({ port }) => {
        const delivery = await fetchOutput(`tcp://127.0.0.1:${port}`, { passphraseFile });
        assert.equal(String(delivery.output), plainTexts[passphrase]);
      });
    }
  });
}
