/** Runs recipes in this process, against servers of the test. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Environment } from '../../src/cli/environment.ts';
import type { RawOptions } from '../../src/cli/options.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { loadRecipe } from '../../src/special-agents/recipe/load.ts';
import { toAgent } from '../../src/special-agents/recipe/recipe-agent.ts';
import { runAgent } from '../../src/special-agents/run-agent.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';

/** One request as it arrived. */
export interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface FakeApi {
  readonly origin: string;
  /** In order of arrival. */
  readonly asked: Asked[];
}

type Answer = (asked: Asked, response: ServerResponse) => void;

/** A web server on loopback that ends with the test. */
export async function startApi(t: TestContext, answer: Answer): Promise<FakeApi> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { method, url, headers } = request;
    const one = { line: `${method} ${url}`, headers, body: Buffer.concat(pieces).toString() };
    asked.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { origin: `http://127.0.0.1:${port}`, asked };
}

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** What there is besides a recipe. */
export interface Surroundings {
  readonly clock?: Clock;
  readonly env?: Environment;
}

/** What a recipe makes, without the sections about itself unless its options ask for them. */
async function run(
  recipe: string,
  options: RawOptions,
  surroundings: Surroundings,
): Promise<string> {
  const agent = toAgent(await loadRecipe(recipe, { name: 'example', origin: 'example.yaml' }));
  const log = makeCollectingLog();
  const output = await runAgent(
    agent,
    { ownService: ['none'], ...options },
    {
      host: 'array1',
      address: '127.0.0.1',
      signal: new AbortController().signal,
      log,
      clock: surroundings.clock ?? systemClock,
      env: surroundings.env ?? {},
      maxOutputBytes: 64_000_000,
    },
  );
  return output.toString();
}

/** The same without what an agent says of itself, which has a time in it. */
export async function runSections(
  recipe: string,
  options: RawOptions = {},
  surroundings: Surroundings = {},
): Promise<string> {
  return (await run(recipe, options, surroundings)).replace(
    /<<<cmk_courier_agent:sep\(0\)>>>\n.*\n/,
    '<<<cmk_courier_agent:sep(0)>>>\n',
  );
}
