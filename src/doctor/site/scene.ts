/** What the steps of `doctor site` look at, and how they tell what they found. */

import type { Environment } from '../../cli/environment.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logging/log.ts';
import type { ConfigurationFile } from '../../service/configured-command.ts';
import type { CauseCode } from '../causes.ts';
import type { Facts, Finding, Step } from '../step.ts';

/** Undefined where the environment does not say. */
export interface Places {
  readonly routes: string;
  readonly ready: string | undefined;
  readonly socket: string | undefined;
  readonly spool: string | undefined;
  readonly receiverConfig: string;
  readonly collectorConfig: string;
  readonly certificates: string | undefined;
  readonly state: string | undefined;
  /** Logs of the resident commands. */
  readonly logs: readonly string[];
}

export interface SiteScene {
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  /** The executable that runs, and whether it is one of ours rather than Node with a script. */
  readonly program: string;
  readonly isExecutable: boolean;
  readonly places: Places;
  /** The options of the collector. */
  readonly collectorFile: ConfigurationFile;
}

/** Steps of an installation hand nothing on. */
export type SiteStep = Step<SiteScene, Record<string, never>>;
export type SiteFinding = Finding<Record<string, never>>;

export function fine(text: string, facts: Facts = {}): SiteFinding {
  return { status: 'ok', text, facts };
}

/** Nobody could look; never the same as "no". */
export function unknown(text: string, facts: Facts = {}): SiteFinding {
  return { status: 'unknown', text, facts };
}

export interface Trouble {
  readonly text: string;
  readonly facts?: Facts;
  readonly error?: unknown;
}

export function wrong(code: CauseCode, { text, facts = {}, error }: Trouble): SiteFinding {
  const found = { status: 'fault', code, text, facts } as const;
  if (error === undefined) return found;
  return { ...found, rawError: error instanceof Error ? error.message : String(error) };
}

export function doubtful(code: CauseCode, trouble: Trouble): SiteFinding {
  return { ...wrong(code, trouble), status: 'warning' };
}
