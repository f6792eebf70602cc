import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unframe } from '../../../src/transports/tcp/frame.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { toFrame } from '../../peers/agent-controller/frame.ts';

const limits = { shown: 'web01:6556', maxBytes: 1000, maxOutputBytes: 1000 };
const text = '<<<check_mk>>>\nVersion: 2.3.0\nAgentOS: linux\n';

/** Vector set D of the specification (tcp-pull, 3.4). */
const vectors = {
  none: `000000${Buffer.from(text).toString('hex')}`,
  zlib: '000001789cb3b1b149ce484dce8ecfcdb6b3b3e30a4b2d2acecccfb35230d233d633e0724c4fcd2bf10fb652c8c9cc2bade00200462a0e0e',
};

for (const [name, hex] of Object.entries(vectors)) {
  test(`the vector of the specification with compression ${name} is opened`, async () => {
    const { message, isCompressed } = await unframe(Buffer.from(hex, 'hex'), limits);
    assert.equal(String(message), text);
    assert.equal(isCompressed, name === 'zlib');
  });
}

test('the frame of the test peer opens to the same text', async () => {
  for (const compression of [0, 1]) {
    const { message } = await unframe(toFrame(Buffer.from(text), { compression }), limits);
    assert.equal(String(message), text);
  }
});

test('a frame cut anywhere never opens to all of its text', async () => {
  const frame = Buffer.from(vectors.zlib, 'hex');
  for (let length = 0; length < frame.length; length += 1) {
    const code = length < 3 ? 'NO_OUTPUT' : 'MALFORMED';
    await expectFault(unframe(frame.subarray(0, length), limits), code);
  }
});

test('as much as is allowed is unpacked, and not a byte more', async () => {
  const exact = Buffer.alloc(1000, '<');
  const { message } = await unframe(toFrame(exact), limits);
  assert.equal(message.length, 1000);
  const fault = await expectFault(unframe(toFrame(Buffer.alloc(1001, '<')), limits), 'TOO_LARGE');
  assert.equal(fault.message, 'web01:6556 unpacks to more than the allowed 1000 bytes');
});

test('bytes behind the end of the zlib stream are damage', async () => {
  const frame = Buffer.concat([toFrame(Buffer.from(text)), Buffer.from('more')]);
  await expectFault(unframe(frame, limits), 'MALFORMED', /: 4 bytes follow its end$/);
});
