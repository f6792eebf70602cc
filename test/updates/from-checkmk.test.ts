/** What Checkmk's own updater was told, taken over. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/main.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const pem = '-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n';

/** As the page of Checkmk about its updater shows them. */
const files = {
  cfg: `{'server': 'myserver', 'site': 'mysite', 'protocol': 'http', 'certificates': ['${pem}'],
 'ignore_update_url': False, 'interval': 7200, 'proxy': None,
 'signature_keys': ['${pem}'], 'use_proxy_env': True}\n`,
  state: `{'last_error': None, 'host_secret': 'zqscykkqfd', 'host_name': 'myhost', 'interval': 60,
 'user': 'cmkadmin', 'last_check': 1660750511.8183599, 'pending_hash': None, 'colour': 'red'}\n`,
};

async function run(...words: readonly string[]) {
  const { said, ...context } = makeCommandContext();
  const code = await main(['updates', ...words], context);
  return { code, ...said };
}

test("CF-5: settings of Checkmk's updater become a rule, the package before the state, and no secret is shown", async (t) => {
  const directory = await makeTempDir(t);
  const inside = (name: string) => join(directory, name);
  await writeFile(inside('cfg'), files.cfg);
  await writeFile(inside('state'), files.state);
  const given = [inside('cfg'), inside('state'), `--certificates=${inside('ca.pem')}`];
  const { code, output, errors } = await run('from-checkmk', ...given);
  assert.deepEqual([code, errors], [0, '']);
  assert.equal(
    output.replace(/^#.*\n/gm, ''),
    'rules:\n  - hosts:\n      - myhost\n    agent: auto\n    updater:\n      interval: 7200s\n      proxy: environment\n',
  );
  assert.match(
    output,
    /^# it asked http:\/\/myserver\/mysite; hosts of ours ask the servers of the root$/m,
  );
  assert.match(output, /^# colour has no place here$/m);
  assert.doesNotMatch(output, /zqscykkqfd|cmkadmin/);
  assert.match(await readFile(inside('ca.pem'), 'utf8'), /^-----BEGIN CERTIFICATE-----\nMIIB\n/);
  await writeFile(inside('updates.yaml'), output);
  const validated = await run('validate', `--updates=${inside('updates.yaml')}`);
  assert.equal(validated.code, 0, validated.errors);
});

test('CF-5: a host that chose its settings writes no line of its own into the rules', async (t) => {
  const path = join(await makeTempDir(t), 'cfg');
  const rule = String.raw`\nrules: [{hosts: "*", action: remove-updater}]\n#`;
  await writeFile(path, `{'server': 'a${rule}', 'site': 'b', 'x${rule}': 1}`);
  const { code, output } = await run('from-checkmk', path);
  assert.equal(code, 0);
  assert.equal(output.replace(/^#.*\n/gm, ''), 'rules:\n  - hosts: "*"\n    agent: auto\n');
});

test('CF-5: what is no literal is refused and not run', async (t) => {
  const path = join(await makeTempDir(t), 'cfg');
  for (const text of ["__import__('os').system('id')", '[1]', '{']) {
    await writeFile(path, text);
    const { code, output } = await run('from-checkmk', path);
    assert.deepEqual([code, output], [12, '']);
  }
});
