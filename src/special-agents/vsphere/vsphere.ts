/**
 * The special agent for VMware vSphere: asks a vCenter or an ESXi host over SOAP, and makes the
 * sections that the checks of Checkmk read (vsphere.md).
 */

import { type OptionTable, parseOptions } from '../../cli/options.ts';
import { CourierError } from '../../faults/errors.ts';
import { isIpv6Address } from '../../names/ip-address.ts';
import { readSecret } from '../../secrets/secret-options.ts';
import { startTimeLimit } from '../../system/time-limit.ts';
import { openConnections } from '../../web/client.ts';
import type { Connections } from '../../web/connections.ts';
import { httpOptions } from '../../web/options.ts';
import { parseWebPlace, type WebPlace } from '../../web/place.ts';
import { KeptState } from '../kept-state.ts';
import { ownOptions } from '../run-options.ts';
import type { AgentContext, SpecialAgent } from '../special-agent.ts';
import { askHostNames, gather } from './gather.ts';
import type { Inventory } from './inventory/inventory.ts';
import { readServiceContent } from './inventory/service-content.ts';
import { countSamples, keepSession } from './kept-session.ts';
import { checkVsphereOptions, type VsphereOptions, vsphereOptions } from './options.ts';
import { Room, type Server } from './retrieve.ts';
import { writeSections } from './sections/all.ts';
import { type Login, Session } from './session.ts';
import { serviceInstance } from './soap/managed-object.ts';
import { resultOf, SoapClient } from './soap/soap-client.ts';

const options = { ...vsphereOptions, ...ownOptions } as const satisfies OptionTable;

/** Answers are read as they come; only one that does not end is larger. */
const largestAnswer = 1024 * 1024 * 1024;

export const vsphere: SpecialAgent = {
  name: 'vsphere',
  title: 'VMware vSphere: a vCenter or an ESXi host, with its virtual machines',
  options,
  operands: 'server',
  isolation: 'none',
  async run(raw, context) {
    const given = parseOptions(options, raw);
    checkVsphereOptions(given);
    const place = locate(given, context);
    const connections = await connect(given, context);
    const limit = startTimeLimit(
      { clock: context.clock, timeoutMs: given.runTimeout, tooSlow: 'no answer' },
      context.signal,
    );
    try {
      const client = new SoapClient(connections, place, () => context.countRequest());
      const inventory = await ask(given, { ...context, limit: limit.signal }, client);
      writeSections(given, context, inventory);
    } finally {
      limit.stop();
      await connections.close();
    }
  },
};

/** @throws CourierError USAGE */
function locate({ server, port }: VsphereOptions, { address, host }: AgentContext): WebPlace {
  const name = server ?? address ?? host;
  if (name === undefined) throw new CourierError('USAGE', '--server is missing');
  return parseWebPlace(`https://${isIpv6Address(name) ? `[${name}]` : name}:${port}/sdk`);
}

/** What the options of this agent mean to those of HTTP. */
function connect(given: VsphereOptions, context: AgentContext): Promise<Connections> {
  const { noCertCheck, certServerName, timeout } = given;
  const own = ['ca', 'proxy', 'proxyPasswordFile', 'proxyPasswordId', 'family'] as const;
  const usual = parseOptions(httpOptions, {});
  const settings = {
    ...usual,
    ...Object.fromEntries(own.map((name) => [name, given[name]])),
    tlsPin: given.tlsPin,
    insecure: noCertCheck,
    tlsServerName: certServerName,
    connectTimeout: Math.min(given.connectTimeout, timeout),
    headerTimeout: timeout,
    idleTimeout: timeout,
  };
  return openConnections('https', settings, [], { ...context, maxOutputBytes: largestAnswer });
}

/** The time of the run as well; what has not come by then fails alone. */
interface AskContext extends AgentContext {
  readonly limit: AbortSignal;
}

async function ask(
  given: VsphereOptions,
  context: AskContext,
  client: SoapClient,
): Promise<Inventory> {
  const { limit: signal, clock, env, log } = context;
  const login = await readLogin(given, context);
  const about = await client.call(
    { method: 'RetrieveServiceContent', on: serviceInstance },
    signal,
  );
  const content = readServiceContent(resultOf(about, client.shownPlace), client.shownPlace);
  const state = await KeptState.open('vsphere', { env, log });
  const key = `${given.user} ${client.shownPlace}`;
  const store = keepSession(state, clock, key);
  const session = await Session.open(
    client,
    { manager: content.sessionManager, login, store },
    signal,
  );
  const server: Server = { session, content, signal, room: new Room() };
  const hostNames = await findHosts(server);
  const fault = (name: string, error: CourierError) =>
    context.fault({ kind: 'section', name, error });
  if (hostNames.size === 0) fault('esx_vsphere_hostsystem', noHosts(given));
  const samples = given.modules.has('counters') ? await countSamples(state, clock, key) : 0;
  const gathering = {
    ...server,
    modules: given.modules,
    isDirect: given.direct,
    samples,
    fault,
    outer: context.signal,
  };
  return gather(gathering, hostNames);
}

function noHosts({ user }: VsphereOptions): CourierError {
  const why =
    'the server shows no host to this user; it wants the role Read-only at the root of the inventory, propagated';
  return new CourierError('NO_OUTPUT', `${user}: ${why}`);
}

/** Some servers answer a session that they no longer know as if there were nothing. */
async function findHosts(server: Server): Promise<ReadonlyMap<string, string>> {
  const hostNames = await askHostNames(server);
  if (hostNames.size > 0 || server.session.isNew) return hostNames;
  await server.session.renew(server.signal);
  return askHostNames(server);
}

async function readLogin(given: VsphereOptions, context: AgentContext): Promise<Login> {
  const password = await readSecret(given, 'secret', context);
  if (password !== undefined) return { user: given.user, password };
  throw new CourierError('USAGE', '--user needs --secret-file or --secret-id');
}
