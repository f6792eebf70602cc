import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/cli/option-types.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { parseSourceUri, type Source } from '../../src/transports/source.ts';
import {
  defineTransport,
  type TransportModule,
  withTransport,
} from '../../src/transports/transport.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeOpenContext } from '../helpers/open-context.ts';

const traits = { concurrency: 1, consumes: false };

/** A transport that cannot fetch and says what is done with it. */
function makeWatched(openingFails?: Error) {
  const calls: string[] = [];
  const module = defineTransport({
    options: {
      patience: {
        kind: 'value',
        placeholder: 'DURATION',
        describe: 'how long to wait',
        parse: parseDuration,
        fallback: '10s',
      },
    },
    traits,
    open: async (uri, options) => {
      const patienceMs: number = options.patience;
      calls.push(`open ${uri.text} ${patienceMs}`);
      if (openingFails) throw openingFails;
      return {
        fetch: async () => {
          throw new CourierError('NO_OUTPUT', 'nothing there');
        },
        close: async () => {
          calls.push('close');
        },
      };
    },
  });
  return { module, calls };
}

function makeSource(options: Source['options'] = {}): Source {
  return { uri: parseSourceUri('watched://{host}'), options };
}

/** Lends the transport to `use` and gives back what it gave. */
function lend<Result>(module: TransportModule, use: () => Promise<Result>, source = makeSource()) {
  return withTransport(module, source, makeOpenContext(), use);
}

test('a module shows options and traits as they were defined', () => {
  const { module } = makeWatched();
  assert.deepEqual(Object.keys(module.options), ['patience']);
  assert.equal(module.traits, traits);
});

test('open gets the URI and the checked values of its options', async () => {
  const { module, calls } = makeWatched();
  await lend(module, async () => undefined);
  await lend(module, async () => undefined, makeSource({ patience: ['2s'] }));
  assert.deepEqual(calls, [
    'open watched://{host} 10000',
    'close',
    'open watched://{host} 2000',
    'close',
  ]);
});

test('open gets the context of its caller', async () => {
  const context = makeOpenContext({ env: { OMD_ROOT: '/omd/sites/x' } });
  const seen: unknown[] = [];
  const module = defineTransport({
    options: {},
    traits,
    open: async (_uri, _options, given) => {
      seen.push(given);
      throw new CourierError('LOCAL', 'no more to see');
    },
  });
  await expectFault(
    withTransport(module, makeSource(), context, async () => undefined),
    'LOCAL',
  );
  assert.equal(seen[0], context);
});

test('a wrong option is USAGE and nothing is opened', async () => {
  const { module, calls } = makeWatched();
  const use = async () => assert.fail('used what could not be opened');
  const wrong = await expectFault(lend(module, use, makeSource({ patience: ['x'] })), 'USAGE');
  assert.equal(wrong.message, '--patience must be a duration such as 10s, not "x"');
  const unknown = await expectFault(lend(module, use, makeSource({ user: ['x'] })), 'USAGE');
  assert.equal(unknown.message, 'unknown option --user');
  assert.deepEqual(calls, []);
});

test('a transport is lent and its use resolves through', async () => {
  const { module, calls } = makeWatched();
  const result = await lend(module, async () => {
    calls.push('use');
    return 42;
  });
  assert.equal(result, 42);
  assert.deepEqual(calls, ['open watched://{host} 10000', 'use', 'close']);
});

test('a transport is closed when its use rejects, and the rejection stays', async () => {
  const { module, calls } = makeWatched();
  const boom = new Error('boom');
  await assert.rejects(
    lend(module, () => Promise.reject(boom)),
    (error) => error === boom,
  );
  assert.deepEqual(calls, ['open watched://{host} 10000', 'close']);
});

test('a transport is closed when its use throws before it awaits anything', async () => {
  const { module, calls } = makeWatched();
  const boom = new Error('boom');
  await assert.rejects(
    lend(module, () => {
      throw boom;
    }),
    (error) => error === boom,
  );
  assert.deepEqual(calls, ['open watched://{host} 10000', 'close']);
});

test('what could not be opened is neither used nor closed', async () => {
  const fault = new CourierError('UNREACHABLE', 'nobody listens');
  const { module, calls } = makeWatched(fault);
  const lent = lend(module, async () => assert.fail('used what could not be opened'));
  assert.equal(await expectFault(lent, 'UNREACHABLE'), fault);
  assert.deepEqual(calls, ['open watched://{host} 10000']);
});
