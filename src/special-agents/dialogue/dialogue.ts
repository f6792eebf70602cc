/** Steps of a recipe that hold a dialogue: over telnet, plain TCP or TLS. */

import type { Environment } from '../../cli/environment.ts';
import { parseOptions, type RawOptions } from '../../cli/options.ts';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { Logger } from '../../logging/log.ts';
import { findDialogueProblem } from './complete.ts';
import { Conversation } from './conversation.ts';
import type { Line, Manner } from './manner.ts';
import { type DialoguePlace, parseDialoguePlace } from './place.ts';
import type { DialogueStep } from './schema.ts';
import { Wire } from './wire.ts';

/** What a dialogue is held with. */
export interface DialogueCall {
  /** Fills `{name}`, secrets too. */
  fill(text: string, place: 'text' | 'url'): string;
  readonly signal: AbortSignal;
  readonly maxBodyBytes: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly env: Environment;
  /** Shows to whoever tries a recipe what is said and heard; secrets are struck from it. */
  trace(line: string): void;
}

/** The answers, by the names of the questions. */
export interface DialogueReply {
  /** For messages, without secrets. */
  readonly place: string;
  readonly body: Readonly<Record<string, Buffer>>;
}

const connectTimeoutMs = 10_000;
const idleTimeoutMs = 15_000;

/**
 * Connects, logs in, asks and leaves.
 *
 * @throws CourierError REFUSED, UNREACHABLE, TIMEOUT, PEER, TOO_LARGE, CONFIG; the signal's reason
 */
export async function holdDialogue(step: DialogueStep, call: DialogueCall): Promise<DialogueReply> {
  const problem = findDialogueProblem(step);
  if (problem !== undefined) throw new CourierError('CONFIG', problem);
  const place = parseDialoguePlace(call.fill(step.dialogue, 'url'));
  const { clock, signal, trace } = call;
  const tls = place.way === 'tls' ? await prepareTls(step, call) : undefined;
  const timeouts = { connectTimeoutMs: step.connectTimeout ?? connectTimeoutMs };
  const wire = await Wire.open(place, { ...timeouts, tls, clock, trace }, signal);
  const talk = new Conversation(wire, toManner(step, place, call), signal);
  try {
    return { place: place.shown, body: await hold(talk, step, call) };
  } finally {
    wire.close();
    await talk.close();
  }
}

async function hold(talk: Conversation, step: DialogueStep, call: DialogueCall) {
  const toLine = (text: string): Line => ({ text: call.fill(text, 'text'), shown: text });
  const login = step.login ?? [];
  await talk.login(login.map(({ expect, send }) => ({ expect, send: toLine(send) })));
  for (const line of step.before ?? []) await talk.ask(toLine(line));
  const answers: Record<string, Buffer> = {};
  for (const [name, line] of Object.entries(step.ask)) {
    answers[name] = Buffer.from(await talk.ask(toLine(line), step.wrong));
  }
  if (step.logout !== undefined) await leave(talk, toLine(step.logout), call);
  return answers;
}

/** Everything is there already: who does not let us go costs nothing. */
async function leave(talk: Conversation, line: Line, { log }: DialogueCall): Promise<void> {
  try {
    await talk.leave(line);
  } catch (thrown) {
    const { code, message } = asCourierError(thrown, 'logging out');
    log.info({ code }, message);
  }
}

/** Enter as it is pressed there. */
const enters = { cr: '\r', lf: '\n', crlf: '\r\n' } as const;

function toManner(step: DialogueStep, { way, shown }: DialoguePlace, call: DialogueCall): Manner {
  return {
    shown,
    encoding: step.encoding ?? 'utf-8',
    enter: enters[step.enter ?? (way === 'telnet' ? 'cr' : 'crlf')],
    prompt: step.prompt,
    end: step.end,
    quietMs: step.quiet,
    pagers: [step.pager ?? []].flat(),
    refuse: step.refuse ?? [],
    idleMs: step.idleTimeout ?? idleTimeoutMs,
    mostBytes: call.maxBodyBytes,
    trace: (line) => call.trace(line),
  };
}

/** What reading files for TLS does not look at. */
const notOfSources = {
  maxOutputBytes: 0,
  maxSkewMs: 0,
  acceptsBy: '',
  accepts: async () => undefined,
};

/** Files for TLS are read before anything is connected. */
async function prepareTls({ tls = {} }: DialogueStep, call: DialogueCall) {
  const [{ httpOptions }, { loadTlsSettings }] = await Promise.all([
    import('../../web/options.ts'),
    import('../../web/tls.ts'),
  ]);
  const raw: RawOptions = Object.fromEntries(
    Object.entries(tls).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, [value].flat().map((one) => call.fill(String(one), 'text'))]],
    ),
  );
  const options = parseOptions(httpOptions, raw);
  const settings = await loadTlsSettings(options, { ...call, ...notOfSources });
  return async () => settings;
}
