/** A step of the doctor is a value: what it is called, what it rests on, and how it looks. */

import type { CauseCode } from './causes.ts';

export type Status = 'ok' | 'warning' | 'fault' | 'skipped' | 'unknown' | 'crashed';

/** Looked at just now, what a running part or a file has recorded, or what the host told. */
export type Origin = 'probe' | 'state' | 'report';

/** What was seen, by name. */
export type Facts = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | undefined>
>;

/** What one step found out. */
export interface Finding<Learned> {
  readonly status: 'ok' | 'warning' | 'fault' | 'unknown' | 'skipped';
  /** A few words, for the line of the step. */
  readonly text: string;
  readonly code?: CauseCode;
  /** What somebody else said, word for word. */
  readonly rawError?: string;
  readonly facts?: Facts;
  readonly source?: Origin;
  /** For the steps that rest on this one. */
  readonly learned?: Partial<Learned>;
}

export interface Step<Scene, Learned> {
  readonly id: string;
  /** On whose side it looks. */
  readonly side: 'site' | 'host';
  readonly title: string;
  /** Steps that must have ended well; a warning is good enough. */
  readonly needs: readonly string[];
  /** Steps that have to be over, however they ended. */
  readonly after?: readonly string[];
  /** Its own limit; that of the whole holds besides. */
  readonly timeoutMs?: number;
  run(scene: Scene, learned: Partial<Learned>, signal: AbortSignal): Promise<Finding<Learned>>;
}

/** One step, when it is over. */
export interface StepResult {
  readonly id: string;
  readonly side: 'site' | 'host';
  readonly title: string;
  readonly status: Status;
  readonly source: Origin;
  readonly code: CauseCode | null;
  readonly text: string;
  readonly rawError: string | null;
  readonly evidence: Facts;
  readonly dependsOn: readonly string[];
  readonly durationMs: number | null;
}
