/** `npm run bench`: figures to compare, from turns taken on the same machine; `-- NAME…` for some of them. */

import { cpus } from 'node:os';
import { benchAgentPort } from './agent-port.ts';
import { benchBrokers } from './brokers.ts';
import { benchInterrupt } from './interrupt.ts';
import { benchManyRelays } from './many-relays.ts';
import { benchReadyPath } from './ready-path.ts';
import { benchManySenders, benchReceiver } from './receiver.ts';
import { benchRelayWay } from './relay-way.ts';
import { benchSealed } from './sealed.ts';
import { benchSpecialAgents } from './special-agents.ts';
import { benchStartup } from './startup.ts';
import { benchStatusPage } from './status-page.ts';
import { benchManyHosts, benchSweep } from './sweep.ts';
import { benchThroughput } from './throughput.ts';
import { benchTools } from './tools.ts';
import { benchUpdates } from './updates.ts';
import { benchVsphere } from './vsphere.ts';

const turns = Number(process.env['TURNS'] ?? 40);

const { model = 'unknown processor' } = cpus()[0] ?? {};
process.stdout.write(
  `${cpus().length} × ${model}, Node ${process.versions.node}, ${turns} turns\n\n`,
);
/** By the name that `npm run bench -- NAME…` takes. */
const benches: Readonly<Record<string, readonly (() => Promise<string>)[]>> = {
  startup: [() => benchStartup(turns)],
  sealed: [() => benchSealed(turns)],
  ready: [() => benchReadyPath(turns)],
  tools: [() => benchTools(turns)],
  'agent-port': [() => benchAgentPort(turns)],
  throughput: [() => benchThroughput()],
  interrupt: [() => benchInterrupt(turns)],
  receiver: [() => benchReceiver(), () => benchManySenders()],
  'status-page': [() => benchStatusPage()],
  updates: [() => benchUpdates(turns)],
  sweep: [() => benchSweep(), () => benchManyHosts()],
  brokers: [() => benchBrokers()],
  relay: [() => benchRelayWay(), () => benchManyRelays()],
  vsphere: [() => benchVsphere()],
  'special-agents': [() => benchSpecialAgents()],
};
const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined) {
  throw new Error(`no bench is called ${unknown}; there are ${Object.keys(benches).join(', ')}`);
}
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  for (const bench of benches[name] ?? []) process.stdout.write(`${await bench()}\n\n`);
}
