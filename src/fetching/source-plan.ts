/** A command line with sources → what a fetch needs to know. */

import { parsePiggybackRule, parseSectionRule } from '../agent-output/filter.ts';
import type { CommandContext, Invocation } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { type OptionTable, parseOptions, pickOptions, toFlag, withFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { readSecret } from '../secrets/secret-options.ts';
import { catalogEntry, loadTransport } from '../transports/catalog.ts';
import { parseSourceUri, type Target } from '../transports/source.ts';
import { withTransport } from '../transports/transport.ts';
import type { SourceStep } from './attempt.ts';
import {
  alternatives,
  hostOptions,
  routeOptions,
  ruleOptions,
  spoolOptions,
} from './fetch-options.ts';
import type { RoutePlan } from './plan.ts';

const ownOptions = { ...hostOptions, ...ruleOptions, ...routeOptions, ...spoolOptions };

/**
 * What a command line with sources asks for.
 *
 * @throws CourierError USAGE; CONFIG or LOCAL about the passphrase
 */
export async function planSources(
  invocation: Invocation,
  target: Target,
  context: CommandContext,
): Promise<RoutePlan> {
  const values = parseOptions(ruleOptions, pickOptions(invocation.options, ruleOptions));
  for (const name of Object.keys(pickOptions(invocation.options, routeOptions))) {
    throw new CourierError('USAGE', `${toFlag(name)} is for routes, which a SOURCE stands in for`);
  }
  return {
    target,
    steps: [
      ...(await toSteps(invocation, ownOptions, context.env)),
      ...(await toOwnSteps(invocation.alternatives, context.env)),
    ],
    with: await toOwnSteps(invocation.with, context.env),
    rules: {
      age: { maxAgeMs: values.maxAge, maxSkewMs: values.maxSkew },
      maxOutputBytes: values.maxSize,
      lenient: values.lenient,
      strict: values.strict,
      piggyback: withFlag('--piggyback', () => parsePiggybackRule(values.piggyback)),
      sections: withFlag('--sections', () => parseSectionRule(values.sections)),
      seal: values.seal,
      passphrase: await readSecret(values, 'passphrase', context),
    },
    deadlineMs: values.deadline,
    timeoutMs: values.timeout,
    pick: values.pick,
    graceMs: values.grace,
    report: values.report,
    lend: withTransport,
  };
}

/** Behind `--or` and `--with` a source has its own options, and perhaps its own time. */
async function toOwnSteps(
  others: readonly Invocation[] | undefined,
  env: Environment,
): Promise<readonly SourceStep[]> {
  const steps: SourceStep[] = [];
  for (const other of others ?? []) {
    const { timeout } = parseOptions(alternatives, pickOptions(other.options, alternatives));
    const own = await toSteps(other, alternatives, env);
    steps.push(
      ...own.map((step) => (timeout === undefined ? step : { ...step, timeoutMs: timeout })),
    );
  }
  return steps;
}

/** Each source gets the options its transport knows; one that none of them knows is a mistake. */
async function toSteps(
  { operands, options: raw }: Invocation,
  known: OptionTable,
  env: Environment,
): Promise<readonly SourceStep[]> {
  const unused = new Set(Object.keys(raw).filter((name) => !Object.hasOwn(known, name)));
  const steps: SourceStep[] = [];
  for (const operand of operands) {
    const uri = parseSourceUri(operand);
    const entry = catalogEntry(uri.scheme);
    const module = await loadTransport(uri, env);
    const own = pickOptions(raw, module.options);
    parseOptions(module.options, own);
    for (const name of Object.keys(own)) unused.delete(name);
    steps.push({ source: { uri, options: own }, name: entry.transport, module });
  }
  for (const name of unused) {
    const names = steps.map((step) => step.name).join(', ');
    throw new CourierError('USAGE', `${toFlag(name)} is no option of ${names}`);
  }
  return steps;
}
