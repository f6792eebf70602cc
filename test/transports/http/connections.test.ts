/** Connections of an open transport: used again, lost in between, given back. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CourierError } from '../../../src/faults/errors.ts';
import { http } from '../../../src/transports/http/http.ts';
import { type Transport, withTransport } from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import {
  type Behaviour,
  type HostileServer,
  withHostileServer,
} from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { target, toResponse, toSource } from './fetching.ts';

const never = () => new AbortController().signal;

async function withOpen(
  behaviour: Behaviour,
  use: (transport: Transport, server: HostileServer) => Promise<void>,
): Promise<void> {
  await withHostileServer(behaviour, async (server) => {
    const source = toSource(`http://127.0.0.1:${server.port}/{host}`);
    await withTransport(http, source, makeOpenContext(), (transport) => use(transport, server));
  });
}

const answer: Behaviour = (socket) => void socket.write(toResponse('abc'));

describe('a connection', () => {
  test('is used again after a success and after a fault that came whole', async () => {
    const missing = toResponse('not here', [], '404 Not Found');
    await withOpen(
      (socket) => void socket.write(missing),
      async (transport, server) => {
        await expectFault(transport.fetch(target, never()), 'NO_OUTPUT');
        await expectFault(transport.fetch(target, never()), 'NO_OUTPUT');
        assert.equal(server.countConnections(), 1);
      },
    );
  });

  test('is not used again when the peer says so', async () => {
    const closing = toResponse('abc', ['Connection: close']);
    await withOpen(
      (socket) => void socket.write(closing),
      async (transport, server) => {
        await transport.fetch(target, never());
        await transport.fetch(target, never());
        await waitUntil(() => server.countConnections() === 0);
      },
    );
  });

  test('that the peer closes just as it is used again is replaced by a new one', async () => {
    const answered = new WeakSet();
    const closesOnSecond: Behaviour = (socket) => {
      if (answered.has(socket)) return void socket.destroy();
      answered.add(socket);
      socket.write(toResponse('abc'));
    };
    await withOpen(closesOnSecond, async (transport, server) => {
      for (const _ of [1, 2, 3]) await transport.fetch(target, never());
      // The first, the lost second and its replacement, the lost third and its replacement.
      assert.equal(server.requests.length, 5);
    });
  });

  test('that is lost when it is new is not replaced', async () => {
    await withOpen(
      (socket) => void socket.destroy(),
      async (transport, server) => {
        await expectFault(transport.fetch(target, never()), 'UNREACHABLE');
        assert.equal(server.requests.length, 1);
      },
    );
  });

  test('brings nothing from behind the end of the response before', async () => {
    const smuggled = Promise.withResolvers<void>();
    const smuggling: Behaviour = (socket) => {
      const smuggle = () => void socket.write(toResponse('evil'), () => smuggled.resolve());
      socket.write(toResponse('abc'), () => setTimeout(smuggle, 20));
    };
    await withOpen(smuggling, async (transport) => {
      assert.equal(String((await transport.fetch(target, never())).output), 'abc');
      await smuggled.promise;
      assert.equal(String((await transport.fetch(target, never())).output), 'abc');
    });
  });
});

describe('close', () => {
  test('after many fetches at once leaves no connection', async () => {
    await withHostileServer(answer, async (server) => {
      const source = toSource(`http://127.0.0.1:${server.port}/`);
      const transport = await http.open(source, makeOpenContext());
      const all = Array.from({ length: 8 }, () => transport.fetch(target, never()));
      await Promise.all(all);
      assert.equal(server.countConnections(), 8);
      await transport.close();
      await waitUntil(() => server.countConnections() === 0);
    });
  });
});

test('an abort while the name is looked up or the peer connects ends with its reason', async () => {
  const reason = new CourierError('TIMEOUT', 'the deadline is over');
  for (const uri of ['http://192.0.2.1/', 'http://no-such-host.invalid/']) {
    await withTransport(http, toSource(uri), makeOpenContext(), async (transport) => {
      const controller = new AbortController();
      const fetched = transport.fetch(target, controller.signal);
      controller.abort(reason);
      assert.equal(await expectFault(fetched, 'TIMEOUT'), reason);
    });
  }
});
