/** The conformance peer of agent: a program that answers as this one does when it runs an agent. */

import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePath, parseText } from '../../../src/cli/option-types.ts';
import type { SpecialAgent } from '../../../src/special-agents/special-agent.ts';
import { toTransport } from '../../../src/transports/agent/agent.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { readCommandLines } from '../../helpers/command-lines.ts';
import { programPath } from '../../helpers/programs.ts';
import { putFile } from '../../helpers/put-file.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';

const file = { kind: 'value', placeholder: 'FILE', parse: parsePath, describe: 'a file' } as const;

const fake: SpecialAgent = {
  name: 'fake',
  title: 'an agent that is played',
  options: {
    passwordFile: file,
    mode: { kind: 'value', placeholder: 'MODE', parse: parseText, describe: 'how it behaves' },
  },
  isolation: 'process',
  run: async () => undefined,
};

export async function startAgents(): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const secret = randomBytes(12).toString('hex');
  const [right, wrong] = [join(directory, '.password'), join(directory, '.wrong')];
  await writeFile(right, secret, { mode: 0o600 });
  await writeFile(wrong, 'something else', { mode: 0o600 });
  const own = { program: programPath('acts-as-agent'), args: [directory] };
  const source = (passwordFile: string, mode?: string): Source => ({
    uri: parseSourceUri('agent:fake'),
    options: { passwordFile: [passwordFile], ...(mode === undefined ? {} : { mode: [mode] }) },
  });
  return {
    module: toTransport(fake, async () => own),
    source: source(right),
    stopsHalfWay: source(right, 'torn'),
    hangs: source(right, 'hang'),
    wrongSecret: source(wrong),
    secrets: [secret],
    tellsTime: 'never',
    offer: (host, output) => putFile(join(directory, host), output),
    withdraw: (host) => rm(join(directory, host), { force: true }),
    leftovers: async () =>
      (await readCommandLines()).filter((line) => line.includes('fixtures/programs')),
    close: () => removeTempDir(directory),
  };
}
