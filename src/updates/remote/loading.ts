/** A remote site as the receiver takes it in. */

import { dirname, join } from 'node:path';
import type { Environment } from '../../cli/environment.ts';
import type { Logger } from '../../logging/log.ts';
import type { UpdateAnswers } from '../../receiver/extension.ts';
import type { Services } from '../../receiver/services.ts';
import { defaultSpoolDirectory } from '../../spool/directories.ts';
import { updatePlaces } from '../repository/places.ts';
import { Centre } from './centre.ts';
import { openCopies } from './copies.ts';
import { RemoteUpdates } from './remote-updates.ts';
import type { RemoteSettings } from './settings.ts';

/** @throws CourierError CONFIG; LOCAL; USAGE */
export async function loadRemoteUpdates(
  env: Environment,
  log: Logger,
  settings: RemoteSettings,
  { clock }: Pick<Services, 'clock'>,
): Promise<UpdateAnswers> {
  const context = { env, log, clock };
  const directory =
    settings.updatesCache ??
    join(dirname(defaultSpoolDirectory(env, '--updates-cache')), 'updates-cache');
  const centre = await Centre.open(settings, context);
  const copies = await openCopies(updatePlaces(env, directory), centre, settings, context);
  return new RemoteUpdates(settings, context, { centre, copies });
}
