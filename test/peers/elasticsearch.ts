/** A strict stand-in for the parts of Elasticsearch's API that tell how a cluster is. */

import { type Answer, type Asked, JsonServer } from './json-server.ts';

function refuse(status: number, type: string, reason: string): Answer {
  return { status, content: { error: { type, reason }, status } };
}

export const health = {
  cluster_name: 'my cluster',
  status: 'yellow',
  timed_out: false,
  number_of_nodes: 2,
  number_of_data_nodes: 2,
  active_primary_shards: 36,
  active_shards: 36,
  relocating_shards: 0,
  initializing_shards: 0,
  unassigned_shards: 5,
  delayed_unassigned_shards: 0,
  number_of_pending_tasks: 0,
  number_of_in_flight_fetch: 0,
  task_max_waiting_in_queue_millis: 0,
  active_shards_percent_as_number: 87.8,
};

function toNode(name: string, seed: number) {
  return {
    timestamp: 1_741_000_000_000,
    name,
    transport_address: '192.0.2.1:9300',
    process: {
      timestamp: 1_741_000_000_000,
      open_file_descriptors: 434 + seed,
      max_file_descriptors: 4096,
      cpu: { percent: 7 + seed, total_in_millis: 154_050 },
      mem: { total_virtual_in_bytes: 5_360_013_312 },
    },
  };
}

export const nodes = {
  _nodes: { total: 2, successful: 2, failed: 0 },
  cluster_name: 'my cluster',
  nodes: {
    hZUWbLkdTHSGnSu4vkyPVw: toNode('node-1', 0),
    cGVXbKkdTHSGnSu4vkyPVw: toNode('node 2', 1),
  },
};

function toIndex(count: number) {
  return {
    primaries: { docs: { count, deleted: 0 }, store: { size_in_bytes: 1000 * count } },
    total: { docs: { count: 2 * count, deleted: 0 }, store: { size_in_bytes: 2000 * count } },
  };
}

export const indices = {
  _shards: { total: 6, successful: 6, failed: 0 },
  _all: toIndex(42),
  indices: { 'logs-2025.03.03': toIndex(30), 'filebeat <a b>': toIndex(12) },
};

export class FakeElasticsearch extends JsonServer {
  /** Undefined: nobody has to log in. */
  login: { readonly user: string; readonly password: string } | undefined;
  health: unknown = health;
  nodes: unknown = nodes;
  indices: unknown = indices;

  constructor(tls?: { readonly cert: string; readonly key: string }) {
    super({ answer: (asked) => this.#answer(asked), tls });
  }

  #answer({ method, path, query, headers }: Asked): Answer {
    if (this.login !== undefined) {
      const { user, password } = this.login;
      const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
      if (headers.authorization !== expected) {
        return refuse(401, 'security_exception', 'unable to authenticate user');
      }
    }
    if (method !== 'GET') return refuse(405, 'method_not_allowed', `Incorrect HTTP method`);
    const known = path.endsWith('/_stats/store,docs') ? ['ignore_unavailable'] : [];
    for (const name of query.keys()) {
      if (known.includes(name)) continue;
      const reason = `request [${path}] contains unrecognized parameter: [${name}]`;
      return refuse(400, 'illegal_argument_exception', reason);
    }
    return this.#find(path);
  }

  #find(path: string): Answer {
    if (path === '/') {
      const version = { number: '8.17.3', build_flavor: 'default' };
      return { status: 200, content: { name: 'node-1', cluster_name: 'my cluster', version } };
    }
    if (path === '/_cluster/health') return { status: 200, content: this.health };
    if (path === '/_nodes/_all/stats') return { status: 200, content: this.nodes };
    if (/^\/[^/]+\/_stats\/store,docs$/.test(path)) return { status: 200, content: this.indices };
    return refuse(400, 'illegal_argument_exception', `no handler found for uri [${path}]`);
  }
}
