/** What a remote site is told, and works with. */

import type { Environment } from '../../cli/environment.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logging/log.ts';
import type { Settings } from '../../receiver/options.ts';

export type RemoteSettings = Pick<
  Settings,
  | 'site'
  | 'updatesFromCa'
  | 'updatesFromRoot'
  | 'updatesFromProxy'
  | 'updatesFromProxyPasswordFile'
  | 'updatesFromProxyPasswordId'
  | 'updatesFromTimeout'
  | 'updatesCache'
  | 'updatesCacheSize'
  | 'requestTimeout'
  | 'stallTimeout'
> & { readonly updatesFrom: URL };

export interface RemoteContext {
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
}
