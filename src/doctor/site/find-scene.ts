/** Where the parts of an installation are, by the rules the parts themselves go by. */

import { join } from 'node:path';
import { isSea } from 'node:sea';
import type { CommandContext } from '../../cli/command.ts';
import type { Environment } from '../../cli/environment.ts';
import { findReadyDirectory, placesBeside } from '../../ready/places.ts';
import { receiverPlaces } from '../../receiver/options.ts';
import { defaultRoutesPath } from '../../routes/load.ts';
import type { ConfigurationFile } from '../../service/configured-command.ts';
import { services } from '../../service/service.ts';
import { defaultSpoolDirectory } from '../../spool/directories.ts';
import type { Places, SiteScene } from './scene.ts';

/** @param collectorFile how a collector would read its options */
export function findScene(
  { env, clock, log }: CommandContext,
  collectorFile: ConfigurationFile,
): SiteScene {
  const program = process.execPath;
  const places = findPlaces(env, collectorFile);
  return { env, clock, log, program, isExecutable: isSea(), places, collectorFile };
}

function findPlaces(env: Environment, collectorFile: ConfigurationFile): Places {
  const ready = findReadyDirectory(env);
  const site = env['OMD_ROOT'];
  const receiver = receiverPlaces({}, env);
  const names = Object.values(services).map(({ name }) => name);
  return {
    routes: defaultRoutesPath(env),
    ready,
    socket: ready && placesBeside(ready).socket,
    spool: known(() => defaultSpoolDirectory(env)),
    receiverConfig: site
      ? join(site, 'etc/cmk-courier/receiver.yaml')
      : '/etc/cmk-courier/receiver.yaml',
    collectorConfig: collectorFile.find(env),
    certificates: known(receiver.certificates),
    state: known(receiver.state),
    logs: site ? names.map((name) => join(site, 'var/log', `${name}.log`)) : [],
  };
}

/** Undefined where the environment does not say. */
function known(find: () => string): string | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
