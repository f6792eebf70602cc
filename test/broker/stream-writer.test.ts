import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamWriter } from '../../src/broker/stream-writer.ts';
import { parseOptions } from '../../src/cli/options.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { natsOptions } from '../../src/nats/options.ts';
import { parseNatsServers } from '../../src/nats/servers.ts';
import { startHostileServer } from '../helpers/hostile-server.ts';
import { makeOpenContext } from '../helpers/open-context.ts';

test('the log does not grow with a server that says another version at each connection', async (t) => {
  let connections = 0;
  const server = await startHostileServer(
    (socket, request) => {
      if (request === '') {
        connections += 1;
        socket.write(`INFO {"version":"2.9.${connections % 100}","max_payload":1000000}\r\n`);
      } else if (request.includes('SUB ')) socket.destroy();
      else if (request.includes('PING')) socket.write('PONG\r\n');
    },
    { speaksFirst: true },
  );
  t.after(() => server.close());
  const context = makeOpenContext();
  const access = {
    servers: parseNatsServers(`127.0.0.1:${server.port}`),
    options: parseOptions(natsOptions, {}),
    stream: 'COURIER',
    site: 'mysite',
  };
  const writer = await StreamWriter.open(access, context);
  t.after(() => writer.close());
  const now = new Date();
  const output = {
    ...{ host: parseHostName('web01'), output: Buffer.from('<<<check_mk>>>\n') },
    ...{ producedAt: now, receivedAt: now, origin: 'test' },
  };
  while (connections < 12) {
    await writer.write(output, AbortSignal.timeout(100)).catch(() => undefined);
  }
  const told = context.log.lines.filter((line) => line.includes('has faults'));
  assert.equal(told.length, 8);
});
