/** The output itself: fetched whole over the connection that is there, and judged. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isHtml, isUtf16 } from '../../agent-output/first-bytes.ts';
import { parseAgentOutput } from '../../agent-output/parser.ts';
import { requireForm } from '../../agent-output/validator.ts';
import { longestTimerMs } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { pathStatus, readWholeFile } from '../../files/file-calls.ts';
import { type HostName, isHostName } from '../../names/host-name.ts';
import { readSecret } from '../../secrets/secret-options.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import { untilAborted } from '../../system/until-aborted.ts';
import { formatDuration } from '../../times/durations.ts';
import { unframe } from '../../transports/tcp/frame.ts';
import { markerKind } from '../../transports/tcp/marker.ts';
import { openMessage } from '../../transports/tcp/message.ts';
import { readToEnd } from '../../transports/tcp/reading.ts';
import { readSecured } from '../../transports/tcp/tls.ts';
import { openContext } from './open-context.ts';
import { toFault } from './port.ts';
import { type Learned, type Scene, type SiteFinding, timeToWait } from './scene.ts';
import { judgeTls, withOwnCertificate } from './tls.ts';

export async function lookAtOutput(
  scene: Scene,
  learned: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const { clock } = scene.context;
  const seen: Seen = { message: undefined };
  const timeoutMs = timeToWait(scene, Number.POSITIVE_INFINITY);
  const tooSlow = `${learned.place?.shown ?? scene.host} goes on sending, or says nothing more`;
  try {
    const output = await withTimeLimit({ clock, timeoutMs, tooSlow }, signal, (limited) =>
      untilAborted(read(scene, learned, seen, limited), limited),
    );
    return await judge(output, scene);
  } catch (error) {
    const fault = toFault(error, signal);
    return recognise(seen.message, fault) ?? judgeFault(fault, learned.files);
  }
}

/** What came, though it may be no output. */
interface Seen {
  message: Buffer | undefined;
}

async function read(
  scene: Scene,
  { socket, marker, place, files }: Partial<Learned>,
  seen: Seen,
  signal: AbortSignal,
): Promise<Buffer> {
  if (socket === undefined || marker === undefined || place === undefined) {
    throw new CourierError('LOCAL', 'no connection');
  }
  const { shown } = place;
  const { log, maxOutputBytes } = openContext(scene, signal);
  const maxBytes = maxOutputBytes;
  const limits = { shown, idleTimeoutMs: longestTimerMs, maxBytes, maxOutputBytes };
  const passphrase = await readSecret(scene.tcp, 'passphrase', openContext(scene, signal));
  const rules = { shown, passphrase, maxOutputBytes, log };
  if (markerKind(marker) !== 'tls' || files === undefined) {
    seen.message = await readToEnd(socket, marker, limits, signal);
    return openMessage(seen.message, rules);
  }
  const handshake = { shown, files, clock: scene.context.clock };
  const frame = await readSecured(socket, handshake, limits, signal);
  seen.message = (await unframe(frame, limits)).message;
  return openMessage(seen.message, rules);
}

/** What an agent prints in the place of output comes through its controller as it is. */
function recognise(
  message: Buffer | undefined,
  { message: rawError }: CourierError,
): SiteFinding | undefined {
  const start = message?.toString('latin1', 0, 2048) ?? '';
  const bad = { status: 'fault', rawError } as const;
  if (isHtml(start)) return { ...bad, code: 'output-html', text: 'a web page' };
  if (!isUtf16(start)) return undefined;
  return { ...bad, code: 'output-encoding', text: 'in UTF-16' };
}

function judgeFault(fault: CourierError, files: Learned['files'] | undefined): SiteFinding {
  const { message: rawError } = fault;
  if (/error establishing TLS/.test(rawError)) {
    const found = judgeTls(fault);
    const isOurs = found.code === 'client-certificate-refused' && files !== undefined;
    return isOurs ? withOwnCertificate(found, files) : found;
  }
  const bad = (code: SiteFinding['code'] & string, text: string): SiteFinding => ({
    status: 'fault',
    code,
    text,
    rawError,
  });
  if (/no secret is known/i.test(rawError)) return bad('legacy-encrypted', 'encrypted');
  if (/failed to decrypt/i.test(rawError)) return bad('passphrase-wrong', 'does not open');
  if (fault.code === 'NO_OUTPUT') return bad('output-empty', 'empty');
  if (fault.code === 'TIMEOUT') return bad('agent-hangs', 'begins, and does not end');
  if (fault.code === 'TOO_LARGE') return bad('output-too-large', 'does not end, or is too large');
  return bad('output-torn', 'damaged');
}

/** How far the clocks may differ, in seconds. */
const mostSkewS = 60;

async function judge(output: Buffer, scene: Scene): Promise<SiteFinding> {
  const { host, context } = scene;
  requireForm(output, { host, lenient: false });
  const { sections } = parseAgentOutput(output, host);
  const names = new Set(sections.map(({ name }) => name));
  const text = output.toString('latin1');
  const fields = readFields(text);
  const skewS = readSkew(text, context.clock.now());
  const before = await readLast(scene);
  const missing = findMissing(names, before, host);
  const facts = { bytes: output.length, sections: names.size, ...fields, skew_s: skewS, missing };
  const size = `${names.size} sections, ${output.length} bytes`;
  const { hostname } = fields;
  if (hostname !== undefined && isOther(hostname, scene)) {
    return { status: 'fault', code: 'output-other-host', text: `that of ${hostname}`, facts };
  }
  if (before !== undefined && repeats(output, before)) {
    const told = `the same as ${formatDuration(before.ageMs)} ago, byte for byte`;
    const status = before.ageMs > relayMs ? 'fault' : 'warning';
    return { status, code: 'output-stale', text: told, facts };
  }
  if (skewS !== undefined && Math.abs(skewS) > mostSkewS) {
    const ahead = skewS > 0 ? 'ahead' : 'behind';
    const told = `its clock is ${Math.abs(skewS)} s ${ahead}`;
    return { status: 'warning', code: 'clock-wrong', text: told, facts };
  }
  if (missing.length > 0) {
    const told = `${size}; gone are ${missing.slice(0, 5).join(', ')}`;
    return { status: 'warning', code: 'section-missing', text: told, facts };
  }
  return { status: 'ok', text: size, facts };
}

/** Lines of the section check_mk that tell something about the agent. */
function readFields(text: string) {
  const field = (name: string) =>
    new RegExp(`^${name}: *([^\\r\\n]{1,200})`, 'm').exec(text)?.[1] ?? undefined;
  return {
    version: field('Version'),
    os: field('AgentOS'),
    hostname: field('Hostname'),
    controller: field('AgentController'),
    only_from: field('OnlyFrom'),
    failed_python: field('FailedPythonPlugins'),
    failed_python_reason: field('FailedPythonReason'),
  };
}

function readSkew(text: string, nowMs: number): number | undefined {
  const [, seconds] = /^<<<systemtime[^\n]*>>>\r?\n(\d{9,11})/m.exec(text) ?? [];
  return seconds === undefined ? undefined : Number(seconds) - Math.round(nowMs / 1000);
}

/** A name of its own proves nothing; one under which the site knows another host does. */
function isOther(hostname: string, { host, context: { env } }: Scene): boolean {
  const root = env['OMD_ROOT'];
  const [short] = hostname.split('.');
  const [own] = host.split('.');
  if (!root || short?.toLowerCase() === own?.toLowerCase() || !isHostName(hostname)) return false;
  return existsSync(join(root, 'tmp/check_mk/cache', hostname));
}

/** What the site got last time. */
interface Last {
  readonly bytes: Buffer;
  readonly ageMs: number;
}

async function readLast({ host, context: { env, clock } }: Scene): Promise<Last | undefined> {
  const root = env['OMD_ROOT'];
  if (!root) return undefined;
  const path = join(root, 'tmp/check_mk/cache', host);
  try {
    const { mtimeMs } = await pathStatus(path);
    return { bytes: await readWholeFile(path), ageMs: Math.max(0, clock.now() - mtimeMs) };
  } catch {
    return undefined;
  }
}

function findMissing(
  names: ReadonlySet<string>,
  before: Last | undefined,
  host: HostName,
): readonly string[] {
  if (before === undefined) return [];
  const known = parseAgentOutput(before.bytes, host).sections.map(({ name }) => name);
  return [...new Set(known)].filter((name) => !names.has(name));
}

/** Output of a minute ago may be the same where nothing is counted in seconds. */
const leastAgeMs = 90_000;

/** A relay may keep output for some minutes on purpose. */
const relayMs = 15 * 60_000;

/** Time and uptime go on: output that has them is never the same twice. */
function repeats(output: Buffer, { bytes, ageMs }: Last): boolean {
  const moves = /^<<<(?:systemtime|uptime)[:>]/m.test(output.toString('latin1'));
  return ageMs >= leastAgeMs && moves && output.equals(bytes);
}
