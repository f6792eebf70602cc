/** What `cmk-courier broker init` prints, laid down so that a server of a test can run with it. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { main } from '../../src/main.ts';
import { Authority } from '../helpers/certificates.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import type { Owner } from '../nats/sessions.ts';

export async function runBroker(...args: readonly string[]) {
  const { said, ...context } = makeCommandContext();
  const code = await main(['broker', ...args], { ...context, clock: systemClock });
  return { code, output: said.output, errors: said.errors };
}

export interface WrittenConfiguration {
  /** Also holds a file with the password of each user. */
  readonly directory: string;
  readonly ca: string;
  readonly port: number;
  readonly file: string;
}

const users = ['admin', 'receiver', 'site', 'collector', 'web01'];

/** With everything that the configuration names. */
export async function writeConfiguration(t: Owner): Promise<WrittenConfiguration> {
  const directory = await makeTempDir(t);
  const authority = new Authority();
  const { cert, key } = authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] });
  const port = await findFreePort();
  const passwords = users.map((user) => `${user.toUpperCase()}_PASSWORD: "secret of ${user}"`);
  const files = {
    'ca.pem': authority.cert,
    'cert.pem': cert,
    'key.pem': key,
    'courier-passwords.conf': passwords.join('\n'),
    ...Object.fromEntries(users.map((user) => [user, `secret of ${user}\n`])),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), text, { mode: 0o600 });
  }
  const written = { directory, ca: join(directory, 'ca.pem'), port };
  const file = join(directory, 'nats.conf');
  await rewriteConfiguration({ ...written, file });
  return { ...written, file };
}

/** @param args of `broker init`, beside the site */
export async function rewriteConfiguration(
  { directory, port, file }: WrittenConfiguration,
  ...args: readonly string[]
): Promise<void> {
  const printed = await runBroker('init', '--site=mysite', ...args);
  assert.equal(printed.code, 0, printed.errors);
  const text = printed.output
    .replaceAll('/etc/nats', directory)
    .replaceAll('/var/lib/nats', join(directory, 'streams'))
    .replace('0.0.0.0:4222', `127.0.0.1:${port}`);
  await writeFile(file, text, { mode: 0o600 });
}
