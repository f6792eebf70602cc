/** A dialogue over TLS: with whom it is held is checked as of the http transport. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { Authority } from '../../helpers/certificates.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { runSections } from '../running.ts';

test('a dialogue over TLS checks the certificate', async (t) => {
  const authority = new Authority();
  const server = createServer(authority.issueServer({ name: 'switch1.example' }), (socket) => {
    socket.on('error', () => undefined).write('sw1> ');
    socket.on('data', (bytes) => socket.write(`${bytes.toString()}fine\r\nsw1> `));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const ca = join(await makeTempDir(t), 'ca.pem');
  writeFileSync(ca, authority.cert);
  const dialogue = (name: string) => `
recipe: 1
title: tls
steps:
  - name: cli
    dialogue: 'tls://127.0.0.1:${port}'
    tls: { ca: '${ca}', tlsServerName: ${name} }
    prompt: 'sw1> '
    ask: { state: show }
sections:
  - { name: state, separator: 0, each: cli.state, text: $ }
`;
  assert.equal(
    await runSections(dialogue('switch1.example')),
    '<<<state:sep(0)>>>\nfine\n<<<cmk_courier_agent:sep(0)>>>\n',
  );
  await assert.rejects(runSections(dialogue('switch2.example')), /step cli: .*switch1\.example/);
});
