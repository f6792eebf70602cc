/**
 * A vSphere server as far as the agent uses it, and strict: it takes calls of known methods on the
 * right objects in the right namespace only, walks just where a request leads it, knows which
 * properties there are, and wants a session.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  datastorePaths,
  hostPaths,
  machinePaths,
} from '../../../src/special-agents/vsphere/inventory/paths.ts';
import {
  childOf,
  childrenOf,
  textAt,
  type XmlElement,
} from '../../../src/special-agents/xml/element.ts';
import { ElementReader } from '../../../src/special-agents/xml/element-reader.ts';
import { Authority } from '../../helpers/certificates.ts';
import { escapeXml, type FakeObject } from './inventory.ts';

export interface Simulated {
  readonly user: string;
  readonly password: string;
  /** The root folder first. */
  readonly objects: readonly FakeObject[];
  /** Inner XML of what QueryAvailablePerfMetric, QueryPerfCounter and QueryPerf return, by host. */
  readonly available?: (host: string) => string;
  readonly infos?: string;
  readonly series?: (host: string, query: XmlElement) => string;
  /** `about` and managers of RetrieveServiceContent. */
  readonly about?: string;
  readonly time?: string;
  /** Whether pages are as small as asked for. */
  readonly pages?: boolean;
}

/** Stands in for the answer of a call; `pass` lets it be answered as usual. */
export type Interference = (call: FakeCall) => FakeAnswer | 'pass' | Promise<FakeAnswer | 'pass'>;

export interface FakeCall {
  readonly method: string;
  readonly on: string;
  readonly parameters: XmlElement;
  /** How many calls came before. */
  readonly number: number;
  readonly cookie: string | undefined;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes of the body after which the connection is cut. */
  readonly cutAt?: number;
}

const known: Readonly<Record<string, readonly string[]>> = {
  HostSystem: [...hostPaths, 'configManager.networkSystem', 'config.network.pnic'],
  VirtualMachine: machinePaths,
  Datastore: datastorePaths,
  LicenseManager: ['licenses'],
  Datacenter: ['name'],
  ClusterComputeResource: ['name', 'host'],
  HostNetworkSystem: ['networkInfo'],
};

/** Made once, since keys take time. */
const identify = once(() => {
  const authority = new Authority();
  return { authority, ...authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] }) };
});

function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export class FakeVsphere {
  readonly #server: Server;
  readonly #simulated: Simulated;
  readonly #sessions = new Set<string>();
  readonly #tokens = new Map<string, readonly FakeObject[]>();
  readonly calls: FakeCall[] = [];
  /** What a strict server would not have understood. */
  readonly complaints: string[] = [];
  interfere: Interference = () => 'pass';
  #logins = 0;

  private constructor(simulated: Simulated) {
    this.#simulated = simulated;
    const { cert, key } = identify();
    this.#server = createServer({ cert, key }, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.complaints.push(String(error));
        response.destroy();
      });
    });
  }

  static async start(simulated: Simulated): Promise<FakeVsphere> {
    const fake = new FakeVsphere(simulated);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** PEM of the authority that issued its certificate. */
  get ca(): string {
    return identify().authority.cert;
  }

  get logins(): number {
    return this.#logins;
  }

  /** What it would answer by itself. */
  answer(call: FakeCall): FakeAnswer {
    return this.#answer(call);
  }

  /** As after a restart of the server. */
  endSessions(): void {
    this.#sessions.clear();
    this.#tokens.clear();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const call = this.#readCall(request, Buffer.concat(pieces));
    this.calls.push(call);
    const other = await this.interfere(call);
    const { status, body, headers, cutAt } = other === 'pass' ? this.#answer(call) : other;
    response.writeHead(status, { 'content-type': 'text/xml; charset="utf-8"', ...headers });
    if (cutAt === undefined) response.end(body);
    else response.write(body.slice(0, cutAt), () => response.destroy());
  }

  #readCall({ method, url, headers }: IncomingMessage, body: Buffer): FakeCall {
    const complain = (what: string) => this.complaints.push(what);
    if (method !== 'POST' || url !== '/sdk') complain(`${method} ${url}`);
    if (headers['content-type'] !== 'text/xml; charset="utf-8"') complain('content type');
    if (headers['soapaction'] !== 'urn:vim25/5.0') complain('SOAPAction');
    const text = body.toString();
    if (!/<soapenv:Body><\w+ xmlns="urn:vim25">/.test(text)) complain(`namespace: ${text}`);
    const reader = new ElementReader({
      pieces: new Set(),
      onPiece: () => undefined,
      deepest: 20,
      longest: 1_000_000,
    });
    reader.write(body);
    const content = childOf(reader.end(), 'Body')?.children[0];
    if (content === undefined) throw new Error('no call');
    return {
      method: content.name,
      on: textAt(content, '_this') ?? '',
      parameters: content,
      number: this.calls.length,
      cookie: headers.cookie,
    };
  }

  #answer(call: FakeCall): FakeAnswer {
    const { method, on, cookie } = call;
    const isIn = cookie !== undefined && this.#sessions.has(cookie);
    if (method === 'RetrieveServiceContent')
      return result(call, `<returnval>${this.#content()}</returnval>`);
    if (method === 'Login') return this.#login(call, isIn);
    if (method === 'RetrievePropertiesEx') return this.#retrieve(call, isIn);
    if (!isIn) return fault('NotAuthenticated', 'The session is not authenticated.');
    if (method === 'CurrentTime' && on === 'ServiceInstance') {
      return result(
        call,
        `<returnval>${this.#simulated.time ?? '2026-11-28T09:00:00.5Z'}</returnval>`,
      );
    }
    if (method === 'ContinueRetrievePropertiesEx') return this.#continue(call);
    return this.#measure(call);
  }

  #content(): string {
    return (
      this.#simulated.about ??
      `<rootFolder type="Folder">root</rootFolder><propertyCollector type="PropertyCollector">collector</propertyCollector><about><name>VMware vCenter Server</name><fullName>VMware vCenter Server 8.0.3</fullName><vendor>VMware, Inc.</vendor><version>8.0.3</version><build>24022515</build><osType>linux-x64</osType><apiVersion>8.0.3.0</apiVersion></about><sessionManager type="SessionManager">sessions</sessionManager><perfManager type="PerformanceManager">counters</perfManager><licenseManager type="LicenseManager">licences</licenseManager>`
    );
  }

  #login(call: FakeCall, isIn: boolean): FakeAnswer {
    const { user, password } = this.#simulated;
    const isRight =
      textAt(call.parameters, 'userName') === user &&
      textAt(call.parameters, 'password') === password;
    if (call.on !== 'sessions' || !isRight || isIn) {
      return fault(
        'InvalidLogin',
        'Cannot complete login due to an incorrect user name or password.',
      );
    }
    this.#logins += 1;
    const cookie = `vmware_soap_session="s${this.#logins}-${'f'.repeat(32)}"`;
    this.#sessions.add(cookie);
    const set = { 'set-cookie': `${cookie}; Path=/; HttpOnly; Secure;` };
    return { ...result(call, '<returnval><key>k</key></returnval>'), headers: set };
  }

  #retrieve(call: FakeCall, isIn: boolean): FakeAnswer {
    const spec = childOf(call.parameters, 'specSet');
    const wanted = childOf(spec, 'propSet');
    const type = textAt(wanted, 'type') ?? '';
    const paths = childrenOf(wanted, 'pathSet').map(({ text }) => text);
    const unknown = paths.find((path) => !known[type]?.includes(path));
    if (unknown !== undefined || call.on !== 'collector') {
      return fault('InvalidProperty', `no property ${unknown} of ${type}`);
    }
    const found = this.#walk(childOf(spec, 'objectSet')).filter((object) => object.type === type);
    if (!isIn) return this.#page(call, found, paths, true);
    return this.#page(call, found, paths, false);
  }

  /** Follows the ways of a request and no others. */
  #walk(objectSet: XmlElement | undefined): readonly FakeObject[] {
    const ways = childrenOf(objectSet, 'selectSet');
    for (const way of ways) {
      if (way.attributes.get('xsi:type') !== 'TraversalSpec')
        this.complaints.push('a way without its type');
    }
    const find = (id: string) => this.#simulated.objects.find((object) => object.id === id);
    const found = new Map<string, FakeObject>();
    const visit = (id: string, names: readonly string[] | undefined) => {
      const object = find(id);
      if (object === undefined) return;
      found.set(id, object);
      for (const way of ways) {
        const isOf =
          textAt(way, 'type') === object.type || isSubtype(object.type, textAt(way, 'type') ?? '');
        if (!isOf || (names !== undefined && !names.includes(textAt(way, 'name') ?? ''))) continue;
        const next = childrenOf(way, 'selectSet').map((select) => textAt(select, 'name') ?? '');
        for (const lead of object.leads?.[textAt(way, 'path') ?? ''] ?? []) visit(lead, next);
      }
    };
    visit(textAt(objectSet, 'obj') ?? '', undefined);
    return [...found.values()];
  }

  #page(
    call: FakeCall,
    found: readonly FakeObject[],
    paths: readonly string[],
    isOut: boolean,
  ): FakeAnswer {
    const most = Number(textAt(call.parameters, 'options', 'maxObjects') ?? '0');
    const size = this.#simulated.pages === false || most === 0 ? found.length : most;
    this.#paths = paths;
    return this.#deliver(call, found, size, isOut);
  }

  #paths: readonly string[] = [];

  #deliver(call: FakeCall, found: readonly FakeObject[], size: number, isOut: boolean): FakeAnswer {
    const rest = found.slice(size);
    const token = rest.length === 0 ? '' : `<token>${this.calls.length}</token>`;
    if (rest.length > 0) this.#tokens.set(String(this.calls.length), rest);
    const objects = found.slice(0, size).map((object) => showObject(object, this.#paths, isOut));
    return result(
      call,
      found.length === 0 ? '' : `<returnval>${token}${objects.join('')}</returnval>`,
    );
  }

  #continue(call: FakeCall): FakeAnswer {
    const token = textAt(call.parameters, 'token') ?? '';
    const rest = this.#tokens.get(token);
    this.#tokens.delete(token);
    if (rest === undefined)
      return fault('InvalidArgument', 'A specified parameter was not correct: token');
    return this.#deliver(call, rest, 100, false);
  }

  #measure(call: FakeCall): FakeAnswer {
    const { available, infos = '', series } = this.#simulated;
    if (call.on !== 'counters')
      return fault('ManagedObjectNotFound', `no ${call.method} on ${call.on}`);
    switch (call.method) {
      case 'QueryAvailablePerfMetric':
        return result(call, available?.(textAt(call.parameters, 'entity') ?? '') ?? '');
      case 'QueryPerfCounter':
        return result(call, infos);
      case 'QueryPerf': {
        const query = childOf(call.parameters, 'querySpec');
        if (query === undefined) return fault('InvalidArgument', 'querySpec');
        return result(call, series?.(textAt(query, 'entity') ?? '', query) ?? '');
      }
      default:
        this.complaints.push(`method ${call.method}`);
        return fault('MethodNotFound', call.method);
    }
  }
}

const supertypes: Readonly<Record<string, string>> = {
  ClusterComputeResource: 'ComputeResource',
  VirtualApp: 'ResourcePool',
};

function isSubtype(type: string, of: string): boolean {
  return supertypes[type] === of;
}

function showObject(
  { type, id, properties }: FakeObject,
  paths: readonly string[],
  isOut: boolean,
): string {
  if (isOut) {
    const missing =
      '<missingSet><path>name</path><fault><fault xsi:type="NotAuthenticated"><privilegeId>System.View</privilegeId></fault></fault></missingSet>';
    return `<objects><obj type="${type}">${id}</obj>${missing}</objects>`;
  }
  const sets = paths.flatMap((path) => {
    const value = properties[path];
    if (value === undefined) return [];
    const refers = value.refers === undefined ? '' : ` type="${value.refers}"`;
    return [
      `<propSet><name>${path}</name><val${refers} xsi:type="${value.type}">${value.xml}</val></propSet>`,
    ];
  });
  return `<objects><obj type="${type}">${id}</obj>${sets.join('')}</objects>`;
}

/** The answer to a call as real servers write it. */
export function result({ method }: Pick<FakeCall, 'method'>, inner: string): FakeAnswer {
  return {
    status: 200,
    body: wrap(`<${method}Response xmlns="urn:vim25">${inner}</${method}Response>`),
  };
}

/** A fault, with status 500. */
export function fault(kind: string, said: string): FakeAnswer {
  const detail = `<detail><${kind}Fault xmlns="urn:vim25" xsi:type="${kind}"></${kind}Fault></detail>`;
  const body = `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${escapeXml(said)}</faultstring>${detail}</soapenv:Fault>`;
  return { status: 500, body: wrap(body) };
}

function wrap(body: string): string {
  const spaces =
    'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope ${spaces}>\n<soapenv:Body>\n${body}\n</soapenv:Body>\n</soapenv:Envelope>`;
}
