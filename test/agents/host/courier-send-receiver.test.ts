/** The whole way: courier-agent, courier-send, the receiver, its spool, and the site's fetch. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { fetch } from '../../../src/commands/fetch.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { startReceiver } from '../../receiver/running-receiver.ts';
import { agentFile, writeScript } from './courier-agent-shells.ts';
import {
  clients,
  goodOutput,
  listState,
  type Sender,
  send,
  testSending,
  writeAgent,
} from './courier-send-shells.ts';

/** One receiver for all tests of this file, each with a host of its own. */
const receiver = await startReceiver({ after });

/** What the datasource program of a site prints. */
async function fetchFromSpool(host: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const context = {
    ...makeCommandContext(),
    clock: systemClock,
    writeOutput: async (bytes: Uint8Array) => {
      pieces.push(bytes);
    },
  };
  const options = { host: [host] };
  await fetch.run({ operands: [`spool://${receiver.directory}/spool`], options }, context);
  return Buffer.concat(pieces);
}

/** Options that send to the receiver as `host`, with a token for it alone. */
async function aimAt({ root }: Sender, host: string) {
  const token = await receiver.makeAccess({ hosts: [host] });
  writeFileSync(join(root, 'token'), token, { mode: 0o600 });
  writeFileSync(join(root, 'ca.pem'), receiver.certificates.rootCert);
  return [`--to=https://localhost:${receiver.port}`, `--host=${host}`];
}

testSending('what courier-agent prints is what the site fetches', async (sender) => {
  const host = `${sender.shell.name}-${sender.client}`;
  const args = await aimAt(sender, host);
  const printed = join(sender.root, 'printed');
  writeScript(sender.agent, `${sender.shell.file} '${agentFile}' | tee '${printed}'`);
  await send(sender, 0, '', args);
  assert.ok((await fetchFromSpool(host)).equals(readFileSync(printed)));
  assert.deepEqual(listState(sender), []);
});

testSending(
  'the receiver says why it does not take something',
  async (sender) => {
    const args = await aimAt(sender, 'mine');
    const url = `https://localhost:${receiver.port}`;
    writeAgent(sender, goodOutput);
    const forbidden = `${url} answered 403: not allowed to write for this host (REFUSED)`;
    await send(sender, 23, forbidden, [...args, '--host=yours']);
    writeAgent(sender, '<<<<db1>>>> \n<<<check_mk>>>\n');
    const malformed =
      'line 1: white space around "<<<<db1>>>>", which versions of the site read for different hosts (rule wrapped-piggyback) (MALFORMED)';
    await send(sender, 20, `${url} answered 400: ${malformed}`, args);
  },
  clients.filter((client) => client === 'curl'),
);
