/** The program with the options of Checkmk's own special agents. */

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Authority } from '../../helpers/certificates.ts';
import { runCourier } from '../../helpers/run-program.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { FakeElasticsearch } from '../../peers/elasticsearch.ts';
import { buildEstate } from '../../peers/ontap/estate.ts';
import { FakeOntap } from '../../peers/ontap/server.ts';

const authority = new Authority();

/** A file with an authority, and one with a password. */
async function writeFiles(context: TestContext) {
  const directory = await makeTempDir(context);
  const [ca, password] = [join(directory, 'ca.pem'), join(directory, 'password')];
  await writeFile(ca, authority.cert);
  await writeFile(password, 'secret\n', { mode: 0o600 });
  return { ca, password };
}

const headers = (stdout: Buffer) => stdout.toString().match(/^<<<[^<>]*>>>$/gm);

test('netapp_ontap takes what is to be fetched as words, and checks the certificate', async (t) => {
  const tls = authority.issueServer({ name: 'cluster1.example' });
  const server = await new FakeOntap({ records: buildEstate(), tls }).start();
  t.after(() => server.stop());
  const { ca, password } = await writeFiles(t);
  const args = [
    ...['agent', 'netapp_ontap', '--hostname=127.0.0.1', `--port=${server.port}`, `--ca=${ca}`],
    ...['--username=monitor', `--password-file=${password}`, '--own-service=none'],
    ...['--fetched-resources', 'node', 'luns'],
  ];
  const { code, stdout, stderr } = await runCourier([
    ...args,
    '--cert-server-name=cluster1.example',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(headers(stdout), [
    '<<<netapp_ontap_node:sep(0)>>>',
    '<<<netapp_ontap_luns:sep(0)>>>',
    '<<<netapp_ontap_agent_info:sep(0)>>>',
    '<<<cmk_courier_agent:sep(0)>>>',
  ]);
  const other = await runCourier([...args, '--cert-server-name=cluster2.example']);
  assert.deepEqual([other.code, other.stdout.toString()], [7, '']);
  assert.match(
    other.stderr,
    /^cmk-courier: agent: netapp_ontap: .*cluster1\.example.*\(REFUSED\)\n$/,
  );
});

test('elasticsearch takes its nodes as words, and a choice for the others', async (t) => {
  const server = await new FakeElasticsearch().start();
  t.after(() => server.stop());
  const { code, stdout, stderr } = await runCourier([
    ...['agent', 'elasticsearch', '--proto=http', `--port=${server.port}`, '--own-service=none'],
    ...['--cluster-health', '--stat=a*', '--stat=b', '127.0.0.9', '127.0.0.1'],
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(headers(stdout), [
    '<<<elasticsearch_cluster_health:sep(32)>>>',
    '<<<elasticsearch_indices:sep(0)>>>',
    '<<<cmk_courier_agent:sep(0)>>>',
  ]);
});

test('words for an agent that takes none, or one, are USAGE', async () => {
  const { code, stderr } = await runCourier(['agent', '3par', 'array1', 'array2']);
  assert.deepEqual(
    [code, stderr],
    [2, 'cmk-courier: agent: 3par: unexpected argument: array2 (USAGE)\n'],
  );
});

test('each recording that comes with an agent gives what is expected of it', async () => {
  const recordings = globSync('agents/special/*/recording').sort();
  assert.ok(recordings.length >= 3);
  for (const path of recordings) {
    const name = basename(dirname(path));
    const { code, stderr } = await runCourier(['agent', 'test', name, `--from=${path}`]);
    assert.deepEqual([name, code, stderr], [name, 0, '']);
  }
});
