import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseOptions } from '../../src/cli/options.ts';
import { companionOptions, openCompanions } from '../../src/commands/collect/companions.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('a pool whose members only lay ready is told that they have different hosts ready', async (t) => {
  const directory = await makeTempDir(t);
  const at = (name: string) => join(directory, name);
  const settings = {
    routesPath: at('routes.yaml'),
    readyDirectory: at('ready'),
    spoolDirectory: at('spool'),
    maxSpoolBytes: 1e6,
    maxSpoolHosts: 10,
  };
  const tell = async (raw: Record<string, readonly string[]>) => {
    const log = makeCollectingLog();
    const values = parseOptions(companionOptions, { poolMember: ['a'], ...raw });
    const companions = await openCompanions(values, settings, { ...makeCommandContext(), log });
    await companions.leave();
    await companions.end();
    // That nobody listens at the broker may be told as well, if it is noticed in time.
    return log.lines.filter((line) => line.includes('without forward'));
  };
  const pool = ['nats://127.0.0.1:1'];
  assert.deepEqual(await tell({ pool }), [
    'warn without forward or broker, what each member of the pool fetches is ready on its own machine only: a site there has nothing of the hosts of the others {}',
  ]);
  assert.deepEqual(await tell({ pool, broker: pool, brokerSite: ['mysite'] }), []);
});
