/**
 * The Agent Controller as seen from a receiver: sends what it sends and requires what it requires
 * (agent-receiver.md#requests). Where the controller is strict, so is this.
 */

import { generateKeyPairSync, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { isUuid } from '../../src/certs/dns-name.ts';
import { makeSigningRequest } from '../helpers/signing-request.ts';

export interface Place {
  readonly port: number;
  readonly site: string;
}

/** What the controller keeps of a registration. */
export interface Connection {
  readonly uuid: string;
  readonly rootCert: string;
  readonly key: string;
  readonly cert: string;
  readonly mode: 'push-agent' | 'pull-agent';
}

export type Credential =
  | { readonly user: string; readonly password: string }
  | { readonly token: string };

export interface Reply {
  readonly status: number;
  readonly body: Buffer;
}

/** A failure as the controller prints it: the status, and a text in `detail` or the raw body. */
class ControllerError extends Error {
  readonly status: number;
  constructor({ status, body }: Reply) {
    super(`Request failed with code ${status}: ${detailOf(body)}`);
    this.status = status;
  }
}

function detailOf(body: Buffer): string {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    if (typeof parsed === 'object' && parsed !== null && 'detail' in parsed) {
      if (typeof parsed.detail === 'string') return parsed.detail;
    }
  } catch {
    // Then it is shown as it is.
  }
  return body.toString();
}

export interface Message {
  readonly method: string;
  /** Below agent-receiver, unless it begins with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** What happens when half of the body has been sent. */
  readonly meanwhile?: (() => Promise<unknown>) | undefined;
}

/** Sends one message on a connection of its own, as every call of the controller does. */
export async function exchange(
  { port, site }: Place,
  { method, path, headers = {}, body, meanwhile }: Message,
  tls: RequestOptions,
): Promise<Reply> {
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: path.startsWith('/') ? path : `/${site}/agent-receiver/${path}`,
      method,
      agent: false,
      headers: { accept: '*/*', ...length, ...headers },
      timeout: 30_000,
      ...tls,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 30 s')));
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      buffer(response).then(
        (received) => resolve({ status: response.statusCode ?? 0, body: received }),
        reject,
      );
    });
    if (meanwhile === undefined || body === undefined) outgoing.end(body);
    else sendInHalves(outgoing, body, meanwhile).catch(reject);
  });
}

/** Long enough for a receiver to see who sends, and to wait for the rest. */
const halfTimeMs = 250;

async function sendInHalves(
  outgoing: ClientRequest,
  body: Buffer,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const half = Math.floor(body.length / 2);
  outgoing.write(body.subarray(0, half));
  await sleep(halfTimeMs);
  await meanwhile();
  outgoing.end(body.subarray(half));
}

/** During registration any certificate will do: trust on first use. */
export const trustAnything: RequestOptions = { rejectUnauthorized: false };

/** The first PEM block alone, which has to be a certificate. */
function firstCertificate(pem: string): string {
  const [block] = /-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/.exec(pem) ?? [];
  if (!block?.startsWith('-----BEGIN CERTIFICATE-----'))
    throw new Error('no certificate comes first');
  return new X509Certificate(block).toString();
}

/** The server's certificate is judged by its own common name, whatever the user has typed. */
export function verifyServer(rootCert: string): RequestOptions {
  return {
    ca: firstCertificate(rootCert),
    checkServerIdentity: (_typed, shown) => {
      const leaf = new X509Certificate(shown.raw);
      const { CN } = leaf.toLegacyObject().subject;
      if (typeof CN !== 'string') return new Error('the server certificate has not one CN');
      if (isUuid(CN)) return new Error('the CN of the server certificate is a UUID');
      if (leaf.ca) return new Error('the server certificate is that of a CA');
      const names = (leaf.subjectAltName ?? '').split(', ').map((name) => name.toLowerCase());
      const isNamed = names.includes(`dns:${CN.toLowerCase()}`);
      return isNamed ? undefined : new Error('the CN is not among the alternative names');
    },
  };
}

function authorization(credential: Credential): string {
  if ('token' in credential) return `CMK-TOKEN ${credential.token}`;
  const pair = `${credential.user}:${credential.password}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

type Json = Readonly<Record<string, unknown>>;

/** Only exactly 200 is good. */
function requireJson(reply: Reply): Json {
  if (reply.status !== 200) throw new ControllerError(reply);
  const parsed: unknown = JSON.parse(reply.body.toString());
  if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object');
  return { ...parsed };
}

function text(reply: Json, key: string): string {
  const value = reply[key];
  if (typeof value !== 'string') throw new Error(`missing field ${key}`);
  return value;
}

function modeOf(reply: Json): Connection['mode'] {
  const mode = text(reply, 'connection_mode');
  if (mode === 'push-agent' || mode === 'pull-agent') return mode;
  throw new Error(`unknown variant ${mode}`);
}

interface Keys {
  readonly uuid: string;
  readonly key: KeyObject;
  readonly csr: string;
}

export interface KeyWish {
  readonly uuid?: string;
  /** The Kubernetes client has EC keys (agent-receiver.md#kubernetes). */
  readonly kind?: 'rsa' | 'ec';
  /** As in a {@link Message}. */
  readonly meanwhile?: Message['meanwhile'];
}

export async function makeKeys({ uuid = randomUUID(), kind = 'rsa' }: KeyWish = {}): Promise<Keys> {
  const { privateKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { uuid, key: privateKey, csr: makeSigningRequest(privateKey, [uuid]) };
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function post(path: string, content: object, headers: Record<string, string> = {}): Message {
  const body = Buffer.from(JSON.stringify(content));
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  };
}

/** `cmk-agent-ctl register`, with user and password or `--ott`. */
export async function register(
  place: Place,
  credential: Credential,
  hostName: string,
  wish: KeyWish = {},
): Promise<Connection> {
  const { uuid, key, csr } = await makeKeys(wish);
  const path = 'token' in credential ? 'register_existing_token' : 'register_existing';
  const headers = { authorization: authorization(credential) };
  const { meanwhile } = wish;
  const message = { ...post(path, { uuid, csr, host_name: hostName }, headers), meanwhile };
  const reply = requireJson(await exchange(place, message, trustAnything));
  const cert = text(reply, 'agent_cert');
  const rootCert = text(reply, 'root_cert');
  return { uuid, rootCert, key: toPem(key), cert, mode: modeOf(reply) };
}

/** TLS of a registered controller: its own certificate, and ours verified. */
export function tlsOf({ rootCert, key, cert }: Connection): RequestOptions {
  return { ...verifyServer(rootCert), key, cert: firstCertificate(cert) };
}

/** The multipart body of a push; its part has no Content-Type line. */
export function toPushMessage(uuid: string, output: Buffer): Message {
  const boundary = `${randomUUID()}-${randomUUID()}`.slice(0, 70);
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="monitoring_data"; filename="agent_data"\r\n\r\n`;
  return {
    method: 'POST',
    path: `agent_data/${uuid}`,
    headers: { compression: 'zlib', 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([
      Buffer.from(head),
      deflateSync(output),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  };
}

/** `cmk-agent-ctl push`: only exactly 204 is good. */
export async function push(place: Place, connection: Connection, output: Buffer): Promise<void> {
  const reply = await exchange(place, toPushMessage(connection.uuid, output), tlsOf(connection));
  if (reply.status !== 204) throw new ControllerError(reply);
}

/** `cmk-agent-ctl renew-certificate`: a new key, the same UUID, proved by the old certificate. */
export async function renew(place: Place, connection: Connection): Promise<Connection> {
  const { key, csr } = await makeKeys({ uuid: connection.uuid });
  const message = post(`renew_certificate/${connection.uuid}`, { csr });
  const reply = requireJson(await exchange(place, message, tlsOf(connection)));
  return { ...connection, key: toPem(key), cert: text(reply, 'agent_cert') };
}

export type Status =
  | { readonly status: 'NotRegistered' }
  | { readonly status: 'Registered'; readonly hostname: string; readonly mode: Connection['mode'] };

/** What `cmk-agent-ctl status` asks for. */
export async function readStatus(place: Place, connection: Connection): Promise<Status> {
  const path = `registration_status_v2/${connection.uuid}`;
  const reply = requireJson(await exchange(place, { method: 'GET', path }, tlsOf(connection)));
  const status = text(reply, 'status');
  if (status === 'NotRegistered') return { status };
  if (status !== 'Registered') throw new Error(`unknown variant ${status}`);
  return { status, hostname: text(reply, 'hostname'), mode: modeOf(reply) };
}

/** A `register-new` that has been made and may be asked about. */
export interface Asked {
  readonly place: Place;
  readonly credential: Credential;
  readonly keys: Keys;
  readonly rootCert: string;
}

/** `cmk-agent-ctl register-new`. */
export async function askForRegistration(
  place: Place,
  credential: Credential,
  labels: Readonly<Record<string, string>>,
): Promise<Asked> {
  const keys = await makeKeys();
  const content = { uuid: keys.uuid, csr: keys.csr, agent_labels: labels };
  const headers = { authorization: authorization(credential) };
  const reply = requireJson(
    await exchange(place, post('register_new', content, headers), trustAnything),
  );
  return { place, credential, keys, rootCert: text(reply, 'root_cert') };
}

export type Progress =
  | { readonly status: 'InProgress' }
  | { readonly status: 'Declined'; readonly reason: string }
  | { readonly status: 'Success'; readonly connection: Connection };

/** What it asks every 20 seconds from then on; the server is verified already. */
export async function askProgress({ place, credential, keys, rootCert }: Asked): Promise<Progress> {
  const path = `register_new_ongoing/${keys.uuid}`;
  const headers = { authorization: authorization(credential), 'content-length': '0' };
  const tls = verifyServer(rootCert);
  const reply = requireJson(await exchange(place, { method: 'POST', path, headers }, tls));
  const status = text(reply, 'status');
  if (status === 'InProgress') return { status };
  if (status === 'Declined') return { status, reason: text(reply, 'reason') };
  if (status !== 'Success') throw new Error(`unknown variant ${status}`);
  const cert = text(reply, 'agent_cert');
  const connection = { uuid: keys.uuid, rootCert, key: toPem(keys.key), cert, mode: modeOf(reply) };
  return { status, connection };
}
