/** One question over HTTP: for real, unless somebody stands between. */

import type { AgentContext } from '../special-agent.ts';
import type { HttpKind, WebRequest } from './http-kind.ts';
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
