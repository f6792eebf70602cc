/** The hosts of a fake site's Setup. */

import { type Answer, checkFields, type FakeSite, problem, type Request } from './checkmk-rest.ts';
import { toRecord } from './checkmk-rest-rules.ts';

export interface KeptHost {
  readonly folder: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const known = ['ipaddress', 'ipv6address', 'labels', 'tag_agent', 'tag_address_family', 'alias'];

export class HostsApi {
  readonly #site: FakeSite;
  readonly kept = new Map<string, KeptHost>();
  /** What the folders of all hosts hand down. */
  inherited: KeptHost['attributes'] = {};
  /** Hosts that were asked for their services, and how often that is told to go on. */
  readonly scans = new Map<string, number>();
  /** Hosts whose services are monitored, and those that have the labels of their output. */
  readonly monitored = new Set<string>();
  readonly labelled = new Set<string>();

  constructor(site: FakeSite) {
    this.#site = site;
  }

  answer({ method, path, query, body, user }: Request): Answer | undefined {
    if (path === '/domain-types/service_discovery_run/actions/start/invoke') {
      return this.#discover(body);
    }
    if (path !== '/domain-types/host_config/collections/all') return this.#one(method, path);
    if (method === 'GET') {
      const isEffective = query.get('effective_attributes') === 'true';
      const value = [...this.kept].map(([id, { folder, attributes }]) => ({
        domainType: 'host_config',
        id,
        extensions: {
          ...{ folder, attributes },
          effective_attributes: isEffective ? { ...this.inherited, ...attributes } : null,
        },
      }));
      return { status: 200, content: { domainType: 'host_config', id: 'host', value } };
    }
    if (!this.#site.permissions.has('wato.manage_hosts')) {
      return problem(403, 'Forbidden', 'You lack wato.manage_hosts');
    }
    return this.#make(body, user);
  }

  #make(body: Request['body'], user: string): Answer {
    const wrong =
      checkFields(body, ['folder', 'host_name'], ['attributes']) ??
      checkFields(toRecord(body['attributes']), [], known);
    if (wrong !== undefined) return wrong;
    if (String(toRecord(body['attributes'])['ipaddress'] ?? '').includes(':')) {
      return problem(400, 'Bad Request', 'These fields have problems: ipaddress');
    }
    const name = String(body['host_name']);
    const folder = String(body['folder']).replaceAll('~', '/');
    if (!this.#site.folders.has(folder)) {
      return problem(400, 'Bad Request', 'These fields have problems: folder', {
        folder: ['The folder could not be found.'],
      });
    }
    if (this.kept.has(name)) {
      return problem(400, 'Bad Request', 'These fields have problems: host_name', {
        host_name: [`Host '${name}' already exists.`],
      });
    }
    this.kept.set(name, { folder, attributes: toRecord(body['attributes']) });
    this.#site.note(user, `Created new host ${name}.`);
    return { status: 200, content: { domainType: 'host_config', id: name } };
  }

  #one(method: string, path: string): Answer | undefined {
    const [, folder] = /^\/objects\/folder_config\/([^/]+)$/.exec(path) ?? [];
    if (folder !== undefined) {
      return this.#site.folders.has(decodeURIComponent(folder).replaceAll('~', '/'))
        ? { status: 200, content: { domainType: 'folder_config', id: folder } }
        : problem(404, 'Not Found', 'The folder does not exist');
    }
    const [, scanned] = /^\/objects\/service_discovery_run\/([^/]+)$/.exec(path) ?? [];
    if (scanned !== undefined) return this.#tellScan(scanned);
    const [, name] = /^\/objects\/host_config\/([^/]+)$/.exec(path) ?? [];
    if (name === undefined || method !== 'GET') return undefined;
    const host = this.kept.get(name);
    if (host === undefined) return problem(404, 'Not Found', `The host ${name} does not exist`);
    return { status: 200, content: { domainType: 'host_config', id: name, extensions: host } };
  }

  #discover(body: Request['body']): Answer {
    const wrong = checkFields(body, ['host_name', 'mode'], []);
    if (wrong !== undefined) return wrong;
    const name = String(body['host_name']);
    if (!this.kept.has(name)) return problem(400, 'Bad Request', 'No such host');
    const mode = String(body['mode']);
    if (mode === 'refresh') {
      this.scans.set(name, 0);
      return { status: 303 };
    }
    if (mode !== 'new' && mode !== 'fix_all') return problem(400, 'Bad Request', `mode ${mode}`);
    // Without a scan there is nothing to go by.
    if (this.scans.has(name)) this.monitored.add(name);
    if (this.scans.has(name) && mode === 'fix_all') this.labelled.add(name);
    return { status: 200, content: { id: 'service_discovery', extensions: {} } };
  }

  #tellScan(name: string): Answer {
    const left = this.scans.get(name);
    if (left === undefined) return problem(404, 'Not Found', 'No scan');
    this.scans.set(name, left - 1);
    const extensions = { active: left > 0, state: left > 0 ? 'running' : 'finished' };
    return { status: 200, content: { id: 'service_discovery', extensions } };
  }
}
