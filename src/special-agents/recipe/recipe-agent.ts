/** A recipe as a special agent. */

import type { RawOptions } from '../../cli/options.ts';
import { parseOptions, pickOptions } from '../../cli/options.ts';
import { startTimeLimit } from '../../system/time-limit.ts';
import { httpOptions } from '../../web/options.ts';
import type { KeptState } from '../kept-state.ts';
import { ownOptions } from '../run-options.ts';
import type { AgentContext, SpecialAgent } from '../special-agent.ts';
import { Evaluator } from './evaluator.ts';
import { findBase, HttpKind, type HttpSettings } from './http-kind.ts';
import { KeptAnswers } from './kept-answers.ts';
import { isOverHttp } from './methods.ts';
import { readValues, toOptions, type Values } from './parameters.ts';
import { reachFirst } from './reach.ts';
import type { Recipe } from './recipe.ts';
import { runRecipe } from './run.ts';
import { StepRunner } from './step-runner.ts';
import { fill, fillAll, namesInAll } from './templates.ts';

export function toAgent(recipe: Recipe): SpecialAgent {
  return {
    name: recipe.name,
    title: recipe.title,
    options: toOptions(recipe),
    ...(recipe.operands === undefined ? {} : { operands: recipe.operands }),
    isolation: 'process',
    run: (raw, context) => run(recipe, raw, context),
  };
}

async function run(recipe: Recipe, raw: RawOptions, outer: AgentContext): Promise<void> {
  const given = await readValues(recipe, raw, outer);
  const { runTimeout } = parseOptions(ownOptions, pickOptions(raw, ownOptions));
  const limit = startTimeLimit(
    { clock: outer.clock, timeoutMs: runTimeout, tooSlow: 'the run was not done' },
    outer.signal,
  );
  const context = { ...outer, signal: limit.signal };
  // What has come when the time for questions is over is still made into sections.
  const bodies = outer.exchange === undefined ? 'spent' : 'kept';
  const evaluator = new Evaluator(recipe.limits, outer.clock.now(), outer.signal, bodies);
  const open = (values: Values) => openHttp(recipe, raw, values, context);
  try {
    // A dialogue needs no connections of HTTP.
    const isOverWeb = [...recipe.steps, ...recipe.finally].some(isOverHttp);
    const { http, values } = isOverWeb
      ? await reachFirst(recipe, given, context, open)
      : { http: undefined, values: given };
    try {
      for (const [name, value] of values.open) await evaluator.set(name, value);
      const steps = new StepRunner({ recipe, values, evaluator, http, context });
      const kept = new KeptAnswers(await openState(recipe, context), {
        evaluator,
        clock: context.clock,
        values,
      });
      await runRecipe({ recipe, evaluator, steps, kept, context });
    } finally {
      await http?.close();
    }
  } finally {
    limit.stop();
    await evaluator.close();
  }
}

/** Only a recipe that says so keeps anything; a recording is of questions that are asked. */
async function openState(
  { name, steps, sections }: Recipe,
  context: AgentContext,
): Promise<KeptState | undefined> {
  const keeps = [...steps, ...sections].some(({ cache }) => cache !== undefined);
  if (!keeps || context.exchange !== undefined) return undefined;
  return (await import('../kept-state.ts')).KeptState.open(name, context);
}

/**
 * Makes ready to ask the server that the values name, without asking it.
 *
 * @throws CourierError USAGE for options that do not go together; CONFIG, LOCAL for files
 */
export async function openHttp(
  recipe: Recipe,
  raw: RawOptions,
  values: Values,
  context: Omit<AgentContext, 'writer' | 'fault' | 'countRequest'>,
): Promise<HttpKind> {
  const lookUp = (name: string) => values.secrets.get(name) ?? values.open.get(name);
  const base = findBase(recipe, {
    fill: (text, place) => fill(text, place, lookUp),
    isOwn: (name) => values.open.has(name),
  });
  const settings = toSettings(recipe, raw, lookUp);
  return HttpKind.open(base, settings, {
    ...context,
    maxBodyBytes: recipe.limits.body,
    mostAtOnce: recipe.limits.atOnce,
  });
}

/** What is given stands in for what the recipe says; what has no value is left out. */
function toSettings(
  recipe: Recipe,
  raw: RawOptions,
  lookUp: (name: string) => unknown,
): HttpSettings {
  const own = Object.entries(recipe.http).flatMap(([name, value]) => {
    const isFilled = namesInAll(value).every((key) => lookUp(key) !== undefined);
    if (!isFilled) return [];
    const filled = [fillAll(value, lookUp)].flat().map(String);
    return filled.every((text) => text === 'false') ? [] : [[name, filled] as const];
  });
  const { user, password, token, ...rest } = Object.fromEntries(own);
  const given = Object.fromEntries(
    Object.entries(raw).filter(
      ([name]) => Object.hasOwn(httpOptions, name) && !isParameter(recipe, name),
    ),
  );
  return {
    options: { ...rest, ...given },
    user: user?.[0],
    password: password?.[0],
    token: token?.[0],
  };
}

/** A parameter of the recipe stands in for the option of that name; of a secret, for both of its. */
function isParameter({ parameters }: Recipe, name: string): boolean {
  if (Object.hasOwn(parameters, name)) return true;
  const bare = name.replace(/(File|Id)$/, '');
  return Object.hasOwn(parameters, bare) && parameters[bare]?.type === 'secret';
}
