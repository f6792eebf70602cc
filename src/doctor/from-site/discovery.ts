/** Port discovery: what a controller asks that was not told the port (agent-receiver.md#port-discovery). */

import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { asCourierError } from '../../faults/system-errors.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import type { Learned, Scene, SiteFinding } from './scene.ts';

const patienceMs = 2000;
/** A port and nothing around it is shorter. */
const mostBytes = 64;

export interface WebPorts {
  readonly https: number;
  readonly http: number;
}

/** Controllers know no others. */
const usual: WebPorts = { https: 443, http: 80 };

export async function lookAtDiscovery(
  { context: { env } }: Scene,
  { receiverPort }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const site = env['OMD_SITE'];
  if (!site || receiverPort === undefined) return { status: 'unknown', text: 'no site is known' };
  return discover({ site, receiverPort, ports: usual }, signal);
}

interface Wanted {
  readonly site: string;
  readonly receiverPort: number;
  readonly ports: WebPorts;
}

/** Asks as a controller does: HTTPS whatever its certificate is, then HTTP. */
export async function discover(
  { site, receiverPort, ports }: Wanted,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const said: string[] = [];
  let heard = false;
  for (const scheme of ['https', 'http'] as const) {
    const place = `${scheme}://127.0.0.1:${ports[scheme]}`;
    const url = `${place}/${encodeURIComponent(site)}/${path}`;
    const answer = await ask(url, signal);
    heard ||= answer.body !== undefined;
    if (answer.body === undefined) said.push(`${place}: ${answer.error}`);
    else if (!/^\d{1,5}$/.test(answer.body))
      said.push(`${place}: status ${answer.status}, no port`);
    else return judge(Number(answer.body), receiverPort, scheme);
  }
  const rawError = said.join('; ');
  if (heard) {
    const text = 'no port is told to hosts that ask for it';
    return { status: 'warning', code: 'discovery-fails', text, rawError };
  }
  const text = 'no web server here; hosts ask the one that they reach';
  return { status: 'unknown', text, rawError };
}

const path = 'check_mk/api/1.0/domain-types/internal/actions/discover-receiver/invoke';

function judge(told: number, receiverPort: number, scheme: string): SiteFinding {
  const facts = { port: told, over: scheme };
  if (told === receiverPort) return { status: 'ok', text: `port ${told}, over ${scheme}`, facts };
  const text = `hosts are told port ${told}, and it is ${receiverPort}`;
  return { status: 'warning', code: 'discovery-fails', text, facts };
}

type Answer =
  | { readonly status: number; readonly body: string; readonly error?: undefined }
  | { readonly body?: undefined; readonly error: string };

async function ask(url: string, signal: AbortSignal): Promise<Answer> {
  const limit = { timeoutMs: patienceMs, tooSlow: 'no answer' };
  try {
    return await withTimeLimit(limit, signal, (limited) => get(url, limited));
  } catch (error) {
    if (signal.aborted) throw error;
    return { error: asCourierError(error, 'asking').message };
  }
}

function get(url: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const options = { signal, agent: false, rejectUnauthorized: false } as const;
    const asking = request(url, options, (response) => {
      let body = '';
      const status = response.statusCode ?? 0;
      const end = () => {
        resolve({ status, body });
        asking.destroy();
      };
      response.setEncoding('latin1');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > mostBytes) end();
      });
      response.on('end', end);
      response.on('error', reject);
    });
    asking.on('error', reject);
    asking.end();
  });
}
