import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../../src/secrets/secrets.ts';
import {
  decryptSymmetric,
  encryptSymmetric,
  hasUnmarkedSalt,
  type SymmetricScheme,
  symmetricScheme,
} from '../../src/wrapping/symmetric.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { schemes, vectors } from './symmetric-vectors.ts';

const passphrase = new Secret('courier-secret');
const plain = Buffer.from('<<<check_mk>>>\nVersion: 2.3.0\nAgentOS: linux\n');
const salt = Buffer.from('0123456789abcdef', 'hex');

/** Bytes in front of the ciphertext: digits, `Salted__`, salt, MAC. */
const headBytes: Readonly<Record<SymmetricScheme, number>> = {
  '00': 2,
  '02': 2,
  '03': 18,
  '04': 42,
  '05': 42,
};

function encrypt(scheme: SymmetricScheme, bytes: Buffer = plain): Promise<Buffer> {
  return encryptSymmetric(bytes, scheme, passphrase, salt);
}

async function faultOf(message: Buffer, secret = passphrase): Promise<string> {
  const { code, message: said } = await catchFault(decryptSymmetric(message, secret));
  return `${code} ${said}`;
}

/** The same bytes but for one bit. */
function flip(bytes: Buffer, offset: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(offset) ^ 1, offset);
  return flipped;
}

for (const vector of vectors) {
  const secret = new Secret(vector.passphrase);
  const message = Buffer.from(vector.message, 'hex');

  test(`set ${vector.set}, scheme ${vector.scheme}: decrypted`, async () => {
    assert.equal((await decryptSymmetric(message, secret)).toString(), vector.plain);
  });

  test(`set ${vector.set}, scheme ${vector.scheme}: encrypted to the same bytes`, async () => {
    const [bytes, vectorSalt] = [Buffer.from(vector.plain), Buffer.from(vector.salt, 'hex')];
    const encrypted = await encryptSymmetric(bytes, vector.scheme, secret, vectorSalt);
    assert.equal(encrypted.toString('hex'), vector.message);
  });
}

test('the scheme stands in the first two bytes', () => {
  for (const scheme of schemes) assert.equal(symmetricScheme(Buffer.from(`${scheme}x`)), scheme);
  for (const text of ['', '0', '<<<a>>>', '01x', '06x', '16x', '98x', ' 00', '0x']) {
    assert.equal(symmetricScheme(Buffer.from(text)), undefined, text);
  }
});

test('99 of old Windows agents means 00', async () => {
  const message = await encrypt('00');
  message.write('99');
  assert.equal(symmetricScheme(message), '00');
  assert.ok(plain.equals(await decryptSymmetric(message, passphrase)));
});

test('what is not encrypted is not decrypted', async () => {
  assert.equal(await faultOf(plain), 'MALFORMED the output is not encrypted');
  assert.equal(await faultOf(Buffer.alloc(0)), 'MALFORMED the output is not encrypted');
});

for (const scheme of schemes) {
  const broken = `damaged encrypted output (scheme ${scheme})`;
  const closed = `REFUSED the output cannot be decrypted (scheme ${scheme})`;
  const hasMac = scheme === '04' || scheme === '05';
  const wrong = hasMac
    ? `${closed}: another passphrase was used, or the output was changed on its way`
    : `${closed}: another passphrase was used`;

  test(`scheme ${scheme} with another passphrase is refused`, async () => {
    const message = await encrypt(scheme);
    assert.equal(await faultOf(message, new Secret('courier-Secret')), wrong);
    assert.equal(await faultOf(message, new Secret('courier-secret ')), wrong);
  });

  test(`scheme ${scheme} needs a passphrase that is not empty`, async () => {
    const empty = new Secret('');
    const message = await encrypt(scheme);
    assert.equal(await faultOf(message, empty), 'CONFIG the passphrase is empty');
    const { code, message: said } = await catchFault(encryptSymmetric(plain, scheme, empty));
    assert.equal(`${code} ${said}`, 'CONFIG the passphrase is empty');
  });

  test(`scheme ${scheme} cut at any length is refused`, async () => {
    const message = await encrypt(scheme);
    for (let length = 2; length < message.length; length += 1) {
      const ciphertextBytes = length - headBytes[scheme];
      const said =
        ciphertextBytes < 16
          ? `MALFORMED ${broken}: it ends too early`
          : ciphertextBytes % 16 !== 0
            ? `MALFORMED ${broken}: it does not end with a whole block`
            : hasMac
              ? wrong
              : `MALFORMED ${broken}: its end is missing or was changed`;
      assert.equal(await faultOf(message.subarray(0, length)), said, `${length} bytes`);
    }
  });

  test(`scheme ${scheme} with something behind it is refused`, async () => {
    const message = await encrypt(scheme);
    assert.equal(
      await faultOf(Buffer.concat([message, Buffer.from('\n')])),
      `MALFORMED ${broken}: it does not end with a whole block`,
    );
  });

  test(`scheme ${scheme}: a short text that is no agent output proves no passphrase`, async () => {
    for (const text of ['', '<<', '<html><body>Sign in</body></html>']) {
      const message = await encrypt(scheme, Buffer.from(text));
      if (hasMac) assert.equal((await decryptSymmetric(message, passphrase)).toString(), text);
      else assert.equal(await faultOf(message), wrong, text);
    }
  });

  test(`scheme ${scheme}: text ahead of the sections, or a whole other text, comes out`, async () => {
    const banner = '\x1b[1mWelcome\x07 to h\xe4st\r\n\t';
    const page = `<html><body>${'Sign in. '.repeat(20)}</body></html>`;
    for (const text of ['\n<<<a>>>\n', `${banner}<<<a>>>\n`, banner.repeat(99) + plain, page]) {
      const message = await encrypt(scheme, Buffer.from(text, 'latin1'));
      assert.equal((await decryptSymmetric(message, passphrase)).toString('latin1'), text);
    }
  });

  test(`scheme ${scheme}: another layer comes out when its first bytes are known`, async () => {
    const message = await encrypt(scheme, Buffer.from('packed'));
    const isPacked = (bytes: Buffer) => bytes.toString('latin1', 0, 6) === 'packed';
    const bytes = await decryptSymmetric(message, passphrase, isPacked);
    assert.equal(bytes.toString(), 'packed');
  });
}

test('03 with something else than Salted__ in front of the salt is opened all the same', async () => {
  const message = await encrypt('03');
  const marked = Buffer.concat([
    message.subarray(0, 2),
    Buffer.alloc(8, '0'),
    message.subarray(10),
  ]);
  assert.ok(plain.equals(await decryptSymmetric(marked, passphrase)));
  const unmarked = [message, marked, await encrypt('04'), plain].map(hasUnmarkedSalt);
  assert.deepEqual(unmarked, [false, true, false, false]);
});

test('03 with a changed salt is refused like another passphrase', async () => {
  assert.equal(
    await faultOf(flip(await encrypt('03'), 10)),
    'REFUSED the output cannot be decrypted (scheme 03): another passphrase was used',
  );
});

for (const scheme of ['04', '05'] as const) {
  const changed =
    `REFUSED the output cannot be decrypted (scheme ${scheme}): ` +
    'another passphrase was used, or the output was changed on its way';

  test(`${scheme} with one bit changed in salt, MAC or ciphertext is refused`, async () => {
    const message = await encrypt(scheme);
    for (const offset of [2, 9, 10, 41, 42, 57, message.length - 1]) {
      assert.equal(await faultOf(flip(message, offset)), changed, `byte ${offset}`);
    }
  });
}

test('04 with any one bit changed is refused', async () => {
  const message = await encrypt('04');
  for (let offset = 2; offset < message.length; offset += 1) {
    assert.equal((await faultOf(flip(message, offset))).slice(0, 7), 'REFUSED', `byte ${offset}`);
  }
});

test('the salt is a new one each time unless it is given', async () => {
  for (const scheme of ['03', '04', '05'] as const) {
    const [first, second] = await Promise.all([
      encryptSymmetric(plain, scheme, passphrase),
      encryptSymmetric(plain, scheme, passphrase),
    ]);
    assert.ok(!first.equals(second), scheme);
    assert.ok(plain.equals(await decryptSymmetric(second, passphrase)), scheme);
  }
});

test('a salt of another length is refused', async () => {
  for (const bytes of [0, 7, 9]) {
    const { code } = await catchFault(
      encryptSymmetric(plain, '03', passphrase, Buffer.alloc(bytes)),
    );
    assert.equal(code, 'INTERNAL');
  }
});

test('deriving the key of 05 does not hold up the program', async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  try {
    await encrypt('05');
  } finally {
    clearInterval(timer);
  }
  assert.ok(turns > 0);
});

test('what is encrypted under any passphrase comes back as it was', async () => {
  const output = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([plain, bytes]));
  const secret = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => new Secret(text));
  const quick = fc.constantFrom<SymmetricScheme>('00', '02', '03', '04');
  await fc.assert(
    fc.asyncProperty(output, secret, quick, async (bytes, key, scheme) => {
      const message = await encryptSymmetric(bytes, scheme, key);
      assert.ok(bytes.equals(await decryptSymmetric(message, key)));
    }),
  );
});

test('the same for 05, which takes its time', async () => {
  const lengths = fc.integer({ min: 0, max: 100 });
  await fc.assert(
    fc.asyncProperty(lengths, async (length) => {
      const bytes = Buffer.concat([plain, Buffer.alloc(length, 'x')]);
      const message = await encryptSymmetric(bytes, '05', passphrase);
      assert.ok(bytes.equals(await decryptSymmetric(message, passphrase)));
    }),
    { numRuns: 4 },
  );
});

test('no bytes whatever bring anything but a fault', async () => {
  const digits = fc.constantFrom('00', '02', '03Salted__', '04', '99');
  await fc.assert(
    fc.asyncProperty(digits, fc.uint8Array({ maxLength: 200 }), async (start, rest) => {
      const said = await faultOf(Buffer.concat([Buffer.from(start), rest]));
      assert.match(said, /^(?:REFUSED|MALFORMED) /);
    }),
  );
});
