/** The update server as the receiver takes it in: only where there is something to answer with. */

import type { Environment } from '../../cli/environment.ts';
import type { UpdateAnswers } from '../../receiver/extension.ts';
import type { Settings } from '../../receiver/options.ts';
import type { Services } from '../../receiver/services.ts';
import { updatePlaces } from '../repository/places.ts';
import { newestRootVersion } from '../repository/root-files.ts';
import { UpdateServer } from './update-server.ts';

/**
 * @returns undefined while there is no root, that is, before anybody has set updates up
 * @throws CourierError CONFIG; LOCAL
 */
export async function loadUpdates(
  env: Environment,
  settings: Pick<Settings, 'updates' | 'requestTimeout' | 'stallTimeout'>,
  { clock }: Pick<Services, 'clock'>,
): Promise<UpdateAnswers | undefined> {
  const places = updatePlaces(env, settings.updates);
  if ((await newestRootVersion(places)) === 0) return undefined;
  return UpdateServer.open(places, { clock, patience: settings });
}
