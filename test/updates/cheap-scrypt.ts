/**
 * Imported for its effect: scrypt with a thousandth of the cost, for tests that are about something
 * else. `keys.test.ts` has the real one.
 */

import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

const { scrypt } = crypto;

Object.assign(crypto, {
  scrypt: (
    passphrase: string,
    salt: Buffer,
    length: number,
    _cost: unknown,
    done: (error: Error | null, key: Buffer) => void,
  ) => scrypt(passphrase, salt, length, { N: 128, r: 8, p: 1 }, done),
});
syncBuiltinESMExports();
