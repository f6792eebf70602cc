/** One question, over HTTP or in a dialogue: for real, unless somebody stands between. */

import { CourierError } from '../../faults/errors.ts';
import type { AgentContext } from '../special-agent.ts';
import type { HttpKind, WebRequest } from './http-kind.ts';
import { markRefusal } from './refusals.ts';
import type { HttpStep } from './schema.ts';
import { showRequest, traceReply } from './shown.ts';
import type { Reply, StepCall } from './step.ts';

/** @throws CourierError what asking ends with */
export async function askOver(
  http: HttpKind,
  name: string,
  [request, call]: readonly [WebRequest, StepCall],
  { exchange, trace }: Pick<AgentContext, 'exchange' | 'trace'>,
): Promise<Reply> {
  const send = () => http.send(request, call);
  const shown = showRequest(request);
  const reply = await (exchange?.ask(name, shown, send) ?? send());
  trace?.(traceReply(name, shown, reply));
  return reply;
}

/** Lines of a transcript that is kept: of a login and some commands. */
const mostSpoken = 10_000;

/**
 * All questions of a dialogue. They are shown as they stand in the recipe, without values.
 *
 * @throws CourierError what the dialogue ends with; a refused login ends the run
 */
export async function askInDialogue(
  step: HttpStep,
  call: StepCall,
  { exchange, trace }: Pick<AgentContext, 'exchange' | 'trace'>,
): Promise<Reply> {
  const { dialogue = '', ask = {}, refuse = [] } = step;
  const phrases = refuse.filter((one) => typeof one !== 'number');
  const { holdDialogue } = await import('../dialogue/dialogue.ts');
  const spoken: string[] = [];
  const note = (line: string) => {
    if (spoken.length < mostSpoken) spoken.push(line);
    trace?.(`${step.name}: ${line}`);
  };
  const send = async () => {
    try {
      const held = { ...step, dialogue, ask, refuse: phrases };
      return await holdDialogue(held, { ...call, trace: note });
    } catch (error) {
      const isRefused = error instanceof CourierError && error.code === 'REFUSED';
      throw isRefused ? markRefusal(error) : error;
    }
  };
  const lines = Object.entries(ask).map(([name, line]) => `${name}: ${line}`);
  const place = call.fill(dialogue, 'url');
  const shown = { line: `dialogue ${place}`, headers: [], body: lines.join('\n'), spoken };
  const reply = await (exchange?.ask(step.name, shown, send) ?? send());
  trace?.(traceReply(step.name, shown, reply));
  return reply;
}
