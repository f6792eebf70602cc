/** `--from-report`: what a host has told of ports, its own and those of the site as it sees them. */

import { z } from 'zod';
import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readStart, withOpened } from '../../files/read-start.ts';
import type { PortFinding } from '../document.ts';
import { largestReportBytes, parseHostReport } from '../report/host-report.ts';

const named = z.object({ host: z.string() });

/** @throws CourierError when it cannot be read, or is no report */
export async function readPorts(
  path: string,
  context: CommandContext,
): Promise<readonly PortFinding[]> {
  const bytes = path === '-' ? await context.readInput(largestReportBytes) : await read(path);
  const { steps } = parseHostReport(bytes, hostOf(bytes));
  return steps.flatMap(({ evidence }) => {
    if ('listeners' in evidence && evidence.port !== undefined) {
      const address = evidence.listeners?.join(', ') || null;
      const state = address === null ? 'refused' : 'open';
      return [
        toFinding({ direction: 'in', port: evidence.port, address, state, needed_by: 'agent' }),
      ];
    }
    if (!('connect' in evidence) || evidence.receiver_port === undefined) return [];
    const { receiver_port: port, connect: state = 'unknown', server: address = null } = evidence;
    return [toFinding({ direction: 'out', port, address, state, needed_by: 'Agent Receiver' })];
  });
}

function toFinding(seen: Omit<PortFinding, 'proto' | 'raw_error'>): PortFinding {
  return { ...seen, proto: 'tcp', raw_error: null };
}

/** Whose it is does not matter here: it is what is asked about. */
function hostOf(bytes: Buffer): string {
  try {
    return named.parse(JSON.parse(bytes.toString('utf8'))).host;
  } catch {
    return '';
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    const found = await withOpened(path, (file) => readStart(file, largestReportBytes + 1));
    if (Buffer.isBuffer(found)) return found;
    throw new CourierError('LOCAL', `${path}: ${found}`);
  } catch (error) {
    throw asCourierError(error, `reading --from-report ${path}`);
  }
}
