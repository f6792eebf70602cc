/** The plug-in family as Checkmk loads it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  family,
  placeFamily,
  pythonFor,
  realApi,
  runPython,
  withoutPython,
  withoutRealApi,
} from '../../helpers/family-python.ts';

const loaded = `rulesets: SpecialAgent cmk_courier_3par
rulesets: SpecialAgent cmk_courier_elasticsearch
rulesets: SpecialAgent cmk_courier_netapp_ontap
rulesets: SpecialAgent cmk_courier_switch_cli
rulesets: SpecialAgent cmk_courier_vsphere
rulesets: CheckParameters cmk_courier
rulesets: SpecialAgent cmk_courier
server_side_calls: SpecialAgentConfig cmk_courier_3par
server_side_calls: SpecialAgentConfig cmk_courier_elasticsearch
server_side_calls: SpecialAgentConfig cmk_courier_netapp_ontap
server_side_calls: SpecialAgentConfig cmk_courier_switch_cli
server_side_calls: SpecialAgentConfig cmk_courier_vsphere
server_side_calls: SpecialAgentConfig cmk_courier
agent_based: AgentSection cmk_courier
agent_based: CheckPlugin cmk_courier
agent_based: InventoryPlugin cmk_courier
agent_based: AgentSection cmk_courier_agent
agent_based: CheckPlugin cmk_courier_agent
graphing: Metric cmk_courier_age
graphing: Metric cmk_courier_duration
graphing: Metric cmk_courier_attempts
graphing: Metric cmk_courier_bytes
graphing: Metric cmk_courier_agent_requests
graphing: Metric cmk_courier_agent_faults
graphing: Graph cmk_courier_times
graphing: Perfometer cmk_courier_age
`;

async function load(t: TestContext, api?: string) {
  const path = await placeFamily(t, api);
  const run = runPython(pythonFor(api), path, ['test/setup/forms/python/load_family.py', family]);
  assert.equal(run.errors, '');
  assert.equal(run.output, loaded);
}

test('each module is loaded, and each form built', { skip: withoutPython }, async (t) => {
  await load(t);
});

test("and so with Checkmk's own modules", { skip: withoutRealApi }, async (t) => {
  await load(t, realApi);
});

test('the man page has what Checkmk wants of one, and its text is indented', () => {
  const page = readFileSync(`${family}/checkman/cmk_courier`, 'utf8');
  const fields = [...page.matchAll(/^(\w+):/gm)].map(([, field]) => field);
  assert.deepEqual(fields, [
    ...['title', 'agents', 'catalog', 'license', 'distribution', 'description', 'discovery'],
  ]);
  const others = page.split('\n').filter((line) => line !== '' && !/^\w+: ?/.test(line));
  assert.deepEqual(
    others.filter((line) => !line.startsWith(' ')),
    [],
  );
});
