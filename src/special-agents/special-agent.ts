/** The contract of special agents, recipes and agents that are code alike. */

import type { Environment } from '../cli/environment.ts';
import type { OptionTable, RawOptions } from '../cli/options.ts';
import type { Clock } from '../clock.ts';
import type { CourierError } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import type { Exchange } from './exchange.ts';
import type { SectionWriter } from './section-writer.ts';

/** Asks a system on which no agent can run, and makes sections of what it says. */
export interface SpecialAgent {
  /** As in `agent:NAME`: lower case letters, digits and `_`. */
  readonly name: string;
  /** What it is for, in a few words. */
  readonly title: string;
  /** Its parameters: flags of the command, keys of a source, fields of the form. */
  readonly options: OptionTable;
  /** The option that words without a flag are for. */
  readonly operands?: string;
  /**
   * Where it may run. A recipe evaluates what somebody wrote on what somebody else answered, which
   * can cost any amount of memory: it runs in a process of its own.
   */
  readonly isolation: 'process' | 'none';
  /**
   * Asks, and writes sections. What fails alone is told by `context.fault` and costs only its own
   * sections; what makes all of it useless, such as a login that is refused, is thrown. Settles soon
   * after the signal aborts; leaves no socket, child or thread.
   *
   * @throws CourierError
   */
  run(parameters: RawOptions, context: AgentContext): Promise<void>;
}

/** What a special agent gets from its caller. */
export interface AgentContext {
  /** The host it is asked for, for `{host}`; undefined where nobody says. */
  readonly host: string | undefined;
  /** Its address, for `{address}`. */
  readonly address: string | undefined;
  readonly writer: SectionWriter;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
  readonly env: Environment;
  /** Tells of a part that failed while others go on. */
  fault(fault: PartFault): void;
  /** Counts a question asked, for the agent's own service. */
  countRequest(): void;
  /** Stands between the agent and its peer, to record or to play back. */
  readonly exchange?: Exchange | undefined;
  /** Says, step by step, what is asked and made of it, to whoever tries a recipe. */
  readonly trace?: ((line: string) => void) | undefined;
}

/** A part that failed: a step or a section. */
export interface PartFault {
  readonly kind: 'step' | 'section';
  readonly name: string;
  readonly error: CourierError;
}
