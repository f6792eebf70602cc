/** The conformance peer of exec: programs on this machine. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../../src/transports/exec/exec.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { readCommandLines } from '../../helpers/command-lines.ts';
import { putFile } from '../../helpers/put-file.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { call } from './sources.ts';

export async function startPrograms(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const pathOf = (host: string) => join(directory, host);
  return {
    module: exec,
    source: call('prints-file', directory, '{host}'),
    stopsHalfWay: call('fails', '1'),
    hangs: call('silent'),
    secrets: [],
    tellsTime: 'never',
    offer: (host, output) => putFile(pathOf(host), output),
    withdraw: (host) => rm(pathOf(host), { force: true }),
    leftovers: async () =>
      (await readCommandLines()).filter((line) => line.includes('fixtures/programs')),
    close: () => removeTempDir(directory),
  };
}
