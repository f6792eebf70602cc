/** Ends a program and all of its process group: asks, insists, gives up. */

import type { RunningChild } from './spawning.ts';

/** How long a program has to end on SIGTERM, until SIGKILL. */
export const graceMs = 80;

/** How long it may take to end after SIGKILL. In an uninterruptible call (state D) it does not end. */
const undeadMs = 500;

export class Termination {
  readonly #child: RunningChild;
  readonly #givenUp = Promise.withResolvers<never>();
  #reason: unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: RunningChild) {
    this.#child = child;
  }

  /** Why it was begun; undefined while the program may go on. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Rejects with the reason when the program cannot be ended. */
  get givenUp(): Promise<never> {
    return this.#givenUp.promise;
  }

  /** Only the first reason counts. */
  begin(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    killGroup(this.#child, 'SIGTERM');
    this.#timer = setTimeout(() => this.#insist(), graceMs);
  }

  /** Nothing more is done to it. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #insist(): void {
    killGroup(this.#child, 'SIGKILL');
    this.#child.stdin?.destroy();
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    this.#timer = setTimeout(() => this.#giveUp(), undeadMs);
  }

  /** Gives the program up: not even the end of our own process waits for it. */
  #giveUp(): void {
    this.#child.unref();
    this.#givenUp.reject(this.#reason);
  }
}

/** Sends a signal to all processes of the group that a child leads. */
export function killGroup({ pid }: RunningChild, name: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // All of the group has ended already.
  }
}
