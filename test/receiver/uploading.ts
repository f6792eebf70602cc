/** Uploads over one kept connection or several, for tests that need many. */

import { Agent } from 'undici';
import type { Said } from './curl.ts';

export interface Uploads {
  /**
   * Uploads output of a host.
   *
   * @throws what the connection throws
   */
  put(host: string, body: Buffer | string, producedAt?: Date): Promise<Said>;
  close(): Promise<void>;
}

export interface UploadsTo {
  readonly port: number;
  /** PEM of whoever signed its certificate. */
  readonly ca: string;
  readonly token: string;
  readonly connections?: number;
}

/** As long as a host that sends every minute would wait. */
const longestWaitMs = 30_000;

export function openUploads({ port, ca, token, connections = 8 }: UploadsTo): Uploads {
  const agent = new Agent({
    connections,
    connect: { ca, servername: 'localhost' },
    headersTimeout: longestWaitMs,
    bodyTimeout: longestWaitMs,
  });
  return {
    put: async (host, body, producedAt) => {
      const { statusCode, body: answer } = await agent.request({
        origin: `https://127.0.0.1:${port}`,
        path: `/v1/hosts/${host}/agent-output`,
        method: 'PUT',
        headers: {
          authorization: `Bearer ${token}`,
          ...(producedAt && { 'x-produced-at': producedAt.toISOString() }),
        },
        body,
      });
      return { status: statusCode, body: await answer.text() };
    },
    close: () => agent.destroy(),
  };
}
