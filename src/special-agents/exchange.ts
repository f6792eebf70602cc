/** What goes over the wire of a recipe: asked for real, written down, or read from what was. */

import type { Reply } from './recipe/step.ts';

/** A question in words that people can read; secrets may still be in it. */
export interface ShownRequest {
  /** `GET https://array/api/nodes?fields=name`, `dialogue telnet://switch:23`. */
  readonly line: string;
  /** `Name: value`, in the order of sending. */
  readonly headers: readonly string[];
  readonly body: string;
  /** What is said and heard in a dialogue, line by line: filled while it is held. */
  readonly spoken?: readonly string[];
}

/** Stands between a step and its peer. */
export interface Exchange {
  /** Whether secrets are of no use, since nobody asks for them. */
  readonly isPlayedBack: boolean;
  /**
   * @param send asks for real
   * @throws CourierError what asking ends with, or ended with
   */
  ask(step: string, request: ShownRequest, send: () => Promise<Reply>): Promise<Reply>;
}
