/**
 * A strict stand-in for the Web Services API of an HPE 3PAR StoreServ: sessions by POST and DELETE,
 * the codes of errors as in HP's "3PAR Web Services API Developer's Guide", nothing that it does not
 * have.
 */

import { type Answer, type Asked, JsonServer } from './json-server.ts';

const refusals: Readonly<Record<string, Answer>> = {
  user: { status: 403, content: { code: 5, desc: 'invalid username or password' } },
  key: { status: 403, content: { code: 6, desc: 'invalid session key' } },
  operation: { status: 501, content: { code: 9, desc: 'unsupported operation' } },
  resource: { status: 404, content: { code: 11, desc: 'resource does not exist' } },
  json: { status: 400, content: { code: 3, desc: 'incomplete request' } },
};

function refuse(why: keyof typeof refusals): Answer {
  return refusals[why] ?? { status: 500 };
}

const space = { reservedMiB: 10240, rawReservedMiB: 20480, usedMiB: 8192, freeMiB: 2048 };
const usage = { totalMiB: 16384, rawTotalMiB: 32768, usedMiB: 8192, rawUsedMiB: 16384 };
const allocation = { totalAllocatedMiB: 3_145_728, system: {}, volumes: {} };

/** What it has, by the last word of the path. */
export const array: Readonly<Record<string, unknown>> = {
  system: {
    id: 168_376,
    name: 'array 1',
    systemVersion: '3.2.2.709',
    model: 'HP_3PAR 7400c',
    serialNumber: '1668376',
    totalNodes: 2,
    masterNode: 0,
    onlineNodes: [0, 1],
    clusterNodes: [0, 1],
    totalCapacityMiB: 8_388_608,
    freeCapacityMiB: 5_242_880,
    failedCapacityMiB: 0,
    location: 'rack 12,  room "B"',
  },
  cpgs: {
    total: 1,
    members: [
      {
        id: 0,
        uuid: '9b4cbe84-3bc0-4d4c-b6a9-9f0a6a7a6d6d',
        name: 'FC r5',
        numFPVVs: 1,
        numTPVVs: 1,
        numTDVVs: 0,
        UsrUsage: usage,
        SAUsage: usage,
        SDUsage: usage,
        state: 1,
      },
    ],
  },
  volumes: {
    total: 1,
    members: [
      {
        id: 1,
        name: 'vol 1',
        provisioningType: 2,
        state: 1,
        sizeMiB: 10240,
        wwn: '60002AC0000000000000000100028C18',
        userSpace: space,
        userCPG: 'FC r5',
        capacityEfficiency: { compaction: 1.5, deduplication: 1.01 },
      },
    ],
  },
  hosts: {
    total: 1,
    members: [
      {
        id: 3,
        name: 'esx01',
        descriptors: { os: 'VMware (ESXi)' },
        FCPaths: [{ wwn: '5001438009EB5D5A', portPos: { node: 0, slot: 1, cardPort: 1 } }],
        iSCSIPaths: [],
        persona: 11,
      },
    ],
  },
  capacity: {
    allCapacity: { totalMiB: 8_388_608, allocated: allocation, freeMiB: 5_242_880 },
    FCCapacity: { totalMiB: 8_388_608, allocated: allocation, freeMiB: 5_242_880 },
  },
  ports: {
    total: 1,
    members: [
      {
        portPos: { node: 0, slot: 1, cardPort: 1 },
        mode: 2,
        linkState: 4,
        portWWN: '20110002AC028C18',
        type: 1,
        protocol: 1,
        label: 'FC port 1',
      },
    ],
  },
  remotecopy: { mode: 1, status: 2, asyncEnabled: false },
};

export class FakeWsapi extends JsonServer {
  readonly username = 'monitor';
  /** Keys that were given out and not taken back. */
  readonly sessions = new Set<string>();
  /** In place of what the array has. */
  content = array;
  password = 'secret';
  #next = 1;

  constructor(tls?: { readonly cert: string; readonly key: string }) {
    super({ answer: (asked) => this.#answer(asked), tls });
  }

  #answer({ method, path, headers, body }: Asked): Answer {
    const [, resource = '', key = ''] = /^\/api\/v1\/([a-z]+)(?:\/(.+))?$/.exec(path) ?? [];
    if (resource === 'credentials' && method === 'POST' && key === '') return this.#login(body);
    const session = String(headers['x-hp3par-wsapi-sessionkey']);
    if (!this.sessions.has(session)) return refuse('key');
    if (resource === 'credentials' && method === 'DELETE') {
      return this.sessions.delete(key) ? { status: 200 } : refuse('key');
    }
    if (key !== '' || !Object.hasOwn(this.content, resource)) return refuse('resource');
    if (method !== 'GET') return refuse('operation');
    return { status: 200, content: this.content[resource] };
  }

  #login(body: string): Answer {
    let given: unknown;
    try {
      given = JSON.parse(body);
    } catch {
      return refuse('json');
    }
    const expected = JSON.stringify({ user: this.username, password: this.password });
    if (JSON.stringify(given) !== expected) return refuse('user');
    const key = `${this.#next}-0123456789abcdef-deadbeef`;
    this.#next += 1;
    this.sessions.add(key);
    return { status: 201, content: { key } };
  }
}
