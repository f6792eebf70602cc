/** The files of the plug-in family that are made from the option tables. */

import {
  alternatives,
  hostOptions,
  routeOptions,
  ruleOptions,
  spoolOptions,
} from '../../src/fetching/fetch-options.ts';
import { catalog } from '../../src/transports/catalog.ts';
import { toFields } from './fields.ts';
import { leftOut } from './notes.ts';
import { type RuleForm, type SourceForm, writeRuleForm } from './rule-form.ts';
import { writeServerSideCall } from './server-side-call.ts';

const folder = 'agents/checkmk/cmk_courier';

/** The form, from the tables as they are now. */
export async function readRuleForm(): Promise<RuleForm> {
  const names = [...new Set(Object.values(catalog).map(({ transport }) => transport))];
  return {
    sources: await Promise.all(names.map(readSourceForm)),
    rules: toFields({ ...hostOptions, ...ruleOptions, ...spoolOptions }, leftOut),
    common: toFields(alternatives).map((field) => ({ ...field, title: 'Time for this source' })),
    routes: toFields({ ...routeOptions, ...spoolOptions }, leftOut),
  };
}

async function readSourceForm(name: string): Promise<SourceForm> {
  const entries = Object.entries(catalog).filter(([, { transport }]) => transport === name);
  const schemes = entries.map(([scheme, { summary }]) => [`${scheme}:`, summary] as const);
  const options = { ...(await entries[0]?.[1].load())?.options };
  return { name, schemes, options, fields: toFields(options, leftOut) };
}

/** Path → text, for those who write or compare them. */
export async function familyFiles(): Promise<ReadonlyMap<string, string>> {
  const form = await readRuleForm();
  return new Map([
    [`${folder}/rulesets/special_agent.py`, writeRuleForm(form)],
    [`${folder}/server_side_calls/special_agent.py`, writeServerSideCall(form)],
  ]);
}
