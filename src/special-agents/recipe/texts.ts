/** What a step asks with. Apart from the checks of it: those load libraries which a run does not need. */

import { methods } from './methods.ts';

/** Everything in which `{name}` is filled. */
export function textsOf(step: object): unknown {
  const keys = [...methods, 'query', 'headers', 'json', 'form', 'body'];
  // What a dialogue waits for are patterns, in which braces count repetitions.
  const more = ['dialogue', 'before', 'ask', 'logout', 'tls'];
  const login: unknown = Reflect.get(step, 'login');
  const sent = Array.isArray(login) ? login.map((one) => Reflect.get(Object(one), 'send')) : [];
  return [...[...keys, ...more].map((key) => Reflect.get(step, key)), ...sent];
}
