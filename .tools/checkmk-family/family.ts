/** The files of the plug-in family that are made from the option tables. */

import {
  alternatives,
  hostOptions,
  routeOptions,
  ruleOptions,
  spoolOptions,
} from '../../src/fetching/fetch-options.ts';
import { catalog } from '../../src/transports/catalog.ts';
import { readAgentForms, writeAgents } from './agents.ts';
import { toFields } from './fields.ts';
import { type RuleForm, type SourceForm, writeRuleForm } from './rule-form.ts';
import { writeServerSideCall } from './server-side-call.ts';

const folder = 'agents/checkmk/cmk_courier';

/** The form, from the tables as they are now. */
export async function readRuleForm(): Promise<RuleForm> {
  const names = [...new Set(Object.values(catalog).map(({ transport }) => transport))];
  return {
    sources: await Promise.all(names.map(readSourceForm)),
    rules: toFields({ ...hostOptions, ...ruleOptions, ...spoolOptions }),
    common: toFields(alternatives).map((field) => ({ ...field, title: 'Time for this source' })),
    routes: toFields({ ...routeOptions, ...spoolOptions }),
  };
}

async function readSourceForm(name: string): Promise<SourceForm> {
  const entries = Object.entries(catalog).filter(([, { transport }]) => transport === name);
  const schemes = entries.map(([scheme, { summary }]) => [`${scheme}:`, summary] as const);
  const options = { ...(await entries[0]?.[1].load())?.options };
  return { name, schemes, options, fields: toFields(options) };
}

/** Path → text, for those who write or compare them. */
export async function familyFiles(): Promise<ReadonlyMap<string, string>> {
  const form = await readRuleForm();
  const agents = writeAgents(await readAgentForms());
  return new Map([
    ...[...agents].map(([path, text]) => [`${folder}/${path}`, text] as const),
    [`${folder}/rulesets/special_agent.py`, writeRuleForm(form)],
    [`${folder}/server_side_calls/special_agent.py`, writeServerSideCall(form)],
  ]);
}
