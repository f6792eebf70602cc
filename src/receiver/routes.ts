/** Every path the receiver answers. */

import {
  receiveAgentData,
  renewCertificate,
  tellAgentUpdate,
  tellOldStatus,
  tellStatus,
} from './agent-api/agents.ts';
import { nameHost, pair, registerExisting, registerWithToken } from './agent-api/existing.ts';
import { pollNew, registerNew } from './agent-api/new-hosts.ts';
import { takeReport } from './doctor-reports.ts';
import type { Answer, Exchange } from './exchange.ts';
import { listUpdateRoutes } from './extension.ts';
import { takeRelayed } from './relays/take-relayed.ts';
import { takeSealKey } from './seal-key.ts';
import type { Services } from './services.ts';
import { uploadOutput } from './upload.ts';

/** The form of errors: one line of text, or JSON with `detail` as agent controllers expect it. */
export type Style = 'line' | 'detail';

export interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  readonly style: Style;
  /** Every host asks for it all the time: a success is worth no line in the log. */
  readonly isRoutine?: boolean;
  /** Whether clients without TLS may ask from other machines. */
  readonly isPublic?: true;
  /** Whether it is also answered on the listener for agent updates without TLS. */
  readonly isUpdate?: true;
  readonly handle: (exchange: Exchange, services: Services) => Promise<Answer>;
}

/**
 * Where a controller asks for the port when it was not told one (agent-receiver.md#port-discovery).
 */
const discovery = 'check_mk/api/1.0/domain-types/internal/actions/discover-receiver/invoke';

/** @param port of the TLS listener, once it is known */
export function listRoutes(site: string, port: () => number): readonly Route[] {
  const upload = {
    methods: ['PUT', 'POST'],
    style: 'line',
    isRoutine: true,
    handle: uploadOutput,
  } as const;
  const doctor = { methods: ['PUT'], style: 'line', handle: takeReport } as const;
  const sealKey = { methods: ['PUT', 'POST'], style: 'line', handle: takeSealKey } as const;
  const relay = { methods: ['POST'], style: 'line', isRoutine: true, handle: takeRelayed } as const;
  const answerPort = async (): Promise<Answer> => ({
    status: 200,
    // A number with nothing around it: a line end makes the controller fail.
    body: String(port()),
    type: 'application/json',
  });
  return [
    { path: '/v1/hosts/:host/agent-output', ...upload },
    { path: `/${site}/v1/hosts/:host/agent-output`, ...upload },
    { path: '/v1/hosts/:host/seal-key', ...sealKey },
    { path: `/${site}/v1/hosts/:host/seal-key`, ...sealKey },
    { path: '/v1/hosts/:host/doctor', ...doctor },
    { path: `/${site}/v1/hosts/:host/doctor`, ...doctor },
    { path: '/v1/relay', ...relay },
    { path: `/${site}/v1/relay`, ...relay },
    {
      path: `/${site}/${discovery}`,
      methods: ['GET'],
      style: 'detail',
      isRoutine: true,
      isPublic: true,
      handle: answerPort,
    },
    ...listUpdateRoutes(site),
    ...listAgentRoutes(`/${site}/agent-receiver`),
  ];
}

/** What a controller does with each output it sends. */
const routine = [
  'agent_data/:uuid',
  'registration_status_v2/:uuid',
  'registration_status/:uuid',
  'agent_update/status/:uuid',
];

function listAgentRoutes(base: string): readonly Route[] {
  const posts = [
    ['register_existing', registerExisting],
    ['register_existing_token', registerWithToken],
    ['register_new', registerNew],
    ['register_new_ongoing/:uuid', pollNew],
    ['agent_data/:uuid', receiveAgentData],
    ['renew_certificate/:uuid', renewCertificate],
    ['pairing', pair],
    ['register_with_hostname', nameHost],
    ['agent_update/status/:uuid', tellAgentUpdate],
  ] as const;
  const gets = [
    ['registration_status_v2/:uuid', tellStatus],
    ['registration_status/:uuid', tellOldStatus],
  ] as const;
  const toRoute = (method: string) => (entry: readonly [string, Route['handle']]) =>
    ({
      path: `${base}/${entry[0]}`,
      methods: [method],
      style: 'detail',
      isRoutine: routine.includes(entry[0]),
      handle: entry[1],
    }) as const;
  return [...posts.map(toRoute('POST')), ...gets.map(toRoute('GET'))];
}
