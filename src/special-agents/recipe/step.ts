/** What all ways of asking have in common. */

import type { Environment } from '../../cli/environment.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logging/log.ts';
import type { Place } from './templates.ts';

/** What a step is asked with. */
export interface StepCall {
  /** Fills `{name}`, secrets too. */
  fill(text: string, place: Place): string;
  /** The same for all texts in a structure; one that is only `{name}` becomes its value. */
  fillAll(value: unknown): unknown;
  /** Whether a name has a value that was not answered by a peer. */
  isOwn(name: string): boolean;
  readonly signal: AbortSignal;
  readonly maxBodyBytes: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly env: Environment;
  /** Shows to whoever tries a recipe what is said and heard; secrets are struck from it. */
  trace(line: string): void;
}

/** What a peer answered. */
export interface Reply {
  /** Where it was asked, for messages: without secrets. */
  readonly place: string;
  readonly status?: number;
  /** By name in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** One answer, or several by name; each is read as the step's `parse` says. */
  readonly body: Buffer | Readonly<Record<string, Buffer>>;
}
