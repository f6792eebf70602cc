import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../src/wrapping/symmetric.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort, portOf } from '../helpers/free-port.ts';
import { storePassword } from '../helpers/password-store.ts';
import { goodOutput } from '../helpers/scripted-transport.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const passphrase = new Secret('Sx4-for-both');

/** An agent port that answers each connection with `message`. */
async function serve(context: TestContext, message: Buffer): Promise<number> {
  const server = createServer((socket) => socket.end(message));
  context.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server.address());
}

test('one passphrase serves the agent port and a dropped file behind it in the chain', async (context) => {
  const directory = await makeTempDir(context);
  const [drop, file] = [join(directory, 'web01'), join(directory, 'passphrase')];
  const message = await encryptSymmetric(Buffer.from(goodOutput), '03', passphrase);
  await writeFile(drop, message);
  await writeFile(file, passphrase.reveal(), { mode: 0o600 });
  const { reference, env } = await storePassword(directory, passphrase.reveal());
  const served = `tcp://127.0.0.1:${await serve(context, message)}`;
  const deserted = `tcp://127.0.0.1:${await findFreePort()}`;
  for (const option of [`--passphrase-file=${file}`, `--passphrase-id=${reference}`]) {
    for (const sources of [[served], [deserted, drop]]) {
      const { said, ...io } = makeCommandContext();
      const args = ['fetch', '--host=web01', option, ...sources];
      const code = await main(args, { ...io, env, clock: systemClock });
      assert.deepEqual([code, said.output, said.errors], [0, goodOutput, '']);
    }
  }
});
