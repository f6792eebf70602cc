import { test } from 'node:test';
import { Secret } from '../../../src/secrets/secrets.ts';
import { RestApi } from '../../../src/setup/rest/rest-api.ts';
import { makeCommandContext } from '../../helpers/command-context.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { startHostileServer } from '../../helpers/hostile-server.ts';

test('an answer that drips in without end has an end', async (t) => {
  const drip = await startHostileServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{');
    const timer = setInterval(() => socket.write(' '), 20);
    socket.on('close', () => clearInterval(timer));
  });
  t.after(() => drip.close());
  const base = `http://127.0.0.1:${drip.port}/mysite/check_mk/api/1.0`;
  const access = { base, user: 'automation', secret: new Secret('not-so-secret'), ca: undefined };
  const api = new RestApi(access, makeCommandContext(), 300);
  const asked = api.ask({ method: 'GET', path: '/version', doing: 'asking' });
  await expectFault(asked, 'TIMEOUT', /^asking: no whole answer from http.* within 300ms$/);
});
