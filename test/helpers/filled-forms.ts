/** Forms of the rules filled in by Python, and what becomes of them. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { CourierError } from '../../src/faults/errors.ts';
import { placeFamily, pythonFor, runPython } from './family-python.ts';

export interface FilledIn {
  readonly form: string;
  readonly arguments: readonly string[];
}

export interface Filling {
  readonly seed: number;
  /** 0: each field once, as the form proposes it. */
  readonly times: number;
  /** Of the special agents, in the place of the rule for sources. */
  readonly ofAgents?: boolean;
  readonly api?: string | undefined;
}

/** What the form accepted, and what the server-side call made of it. */
export async function fillIn(
  t: TestContext,
  { seed, times, api, ofAgents = false }: Filling,
): Promise<readonly FilledIn[]> {
  const path = await placeFamily(t, api);
  const args = ['test/setup/forms/python/random_forms.py', String(seed), String(times)].concat(
    ofAgents ? 'agents' : [],
  );
  const { code, output, errors } = runPython(pythonFor(api), path, args);
  assert.equal(code, 0, errors);
  return output
    .trimEnd()
    .split('\n')
    .map((line): FilledIn => JSON.parse(line));
}

/** Files and password stores are not there, which is another fault than a wrong command line. */
export async function refusingUsage(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof CourierError) || ['USAGE', 'INTERNAL'].includes(error.code)) throw error;
  }
}

/** What was typed into a field for a secret stands in no command line. */
export function requireNoSecret(form: string, args: readonly string[]): void {
  const secrets = [...form.matchAll(/s3cr3t-[0-9a-f]+/g)].map(([secret]) => secret);
  assert.ok(!secrets.some((secret) => args.join('\n').includes(secret)), form);
}
