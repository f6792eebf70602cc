/** `doctor ports`: which ports a role needs, who listens here, and what answers elsewhere. */

import { join } from 'node:path';
import type { CommandContext } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { readWholeFile } from '../../files/file-calls.ts';
import { withTimeLimit } from '../../system/time-limit.ts';
import type { PortFinding } from '../document.ts';
import { answerOn } from './answering.ts';
import { findListeners, type Listener } from './listening.ts';
import { findHolders } from './processes.ts';
import { portsOf, type Role } from './table.ts';
import { tryTcp, tryUdp } from './trying.ts';

interface PortValues {
  readonly role: Role;
  readonly to: string | undefined;
  readonly fromReport: string | undefined;
  readonly listen: boolean;
  readonly listenAddress: string | undefined;
  readonly json: boolean;
  readonly deadline: number;
}

type Use = ReturnType<typeof portsOf>[number];

export async function lookAtPorts(values: PortValues, context: CommandContext): Promise<void> {
  const { role, to, listen, fromReport } = values;
  if (fromReport !== undefined) {
    const { readPorts } = await import('./from-report.ts');
    const ports = await readPorts(fromReport, context);
    if (values.json) return printJson({ role, ports }, context);
    const rows = ports.map((port) => `${describeTold(port)}\n`);
    return context.writeOutput(Buffer.from(rows.join('') || 'the report tells of no port\n'));
  }
  if (listen && to !== undefined) {
    throw new CourierError('USAGE', '--listen and --to exclude each other: one is for each end');
  }
  const uses = portsOf(role, await readSettings(context));
  if (listen) return answer(uses, values, context);
  const isElsewhere = role === 'outside';
  const listeners = to === undefined && !isElsewhere ? await findListeners() : undefined;
  const limit = { timeoutMs: values.deadline, tooSlow: 'nobody could look' };
  const rows = await withTimeLimit(limit, context.shutdown, (limited) =>
    Promise.all(
      uses.map(async (use) => ({
        use,
        found: to === undefined ? toHere(use, listeners) : await tryThere(use, to, limited),
      })),
    ),
  );
  context.shutdown.throwIfAborted();
  if (values.json) return printJson({ role, ports: rows.map(({ found }) => found) }, context);
  const holders = await findHolders(new Set(ownOf(uses, listeners).map(({ inode }) => inode)));
  const lines = rows.map(({ use, found }) => {
    const own = ownOf([use], listeners).flatMap(({ inode }) => holders.get(inode) ?? []);
    if (isElsewhere && to === undefined)
      return toLine(use, found, 'on another machine; --to tries it');
    return toLine(use, found, [...new Set(own)].join(', '));
  });
  await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
}

/** What `omd config` has set; a machine that is no site has none. */
async function readSettings({ env }: CommandContext): Promise<string> {
  const root = env['OMD_ROOT'];
  if (!root) return '';
  return readWholeFile(join(root, 'etc/omd/site.conf'), 'utf8').catch(() => '');
}

function ownOf(
  uses: readonly Use[],
  listeners: readonly Listener[] | undefined,
): readonly Listener[] {
  const isOf = ({ proto, port }: Listener) =>
    uses.some((use) => use.proto === proto && use.port === port);
  return listeners?.filter(isOf) ?? [];
}

function toHere(use: Use, listeners: readonly Listener[] | undefined): PortFinding {
  const own = ownOf([use], listeners);
  const address = own.map((one) => one.address).join(', ') || null;
  const state = listeners === undefined ? 'unknown' : own.length > 0 ? 'open' : 'refused';
  return toFinding(use, 'in', { address, state, error: null });
}

async function tryThere(use: Use, address: string, signal: AbortSignal): Promise<PortFinding> {
  if (use.isLocal === true) {
    const error = 'for that machine itself, on its loopback';
    return toFinding(use, 'out', { address, state: 'unknown', error });
  }
  try {
    const tried = await (use.proto === 'tcp' ? tryTcp : tryUdp)(address, use.port, signal);
    return toFinding(use, 'out', { address, ...tried });
  } catch (error) {
    // Of a signal that ends the program, the caller speaks.
    const { message } = asCourierError(error, 'trying it');
    return toFinding(use, 'out', { address, state: 'unknown', error: message });
  }
}

interface Seen {
  readonly address: string | null;
  readonly state: PortFinding['state'];
  readonly error: string | null;
}

function toFinding(
  { proto, port, what }: Use,
  direction: PortFinding['direction'],
  { address, state, error }: Seen,
): PortFinding {
  return { direction, proto, port, address, state, needed_by: what, raw_error: error };
}

/** Words for what was seen, by direction. */
const states = {
  in: { open: 'listens', refused: 'nobody listens', unknown: 'nobody can tell' },
  out: {
    open: 'answers',
    refused: 'refused',
    silent: 'no answer',
    unreachable: 'not to be reached',
    unknown: 'cannot tell',
  },
} as const satisfies Record<string, Partial<Record<PortFinding['state'], string>>>;

/** By the word of the host. */
function describeTold({ direction, port, address, state, needed_by: what }: PortFinding): string {
  const said: Partial<Record<PortFinding['state'], string>> = states[direction];
  const where = address === null ? '' : ` ${direction === 'in' ? 'on' : 'at'} ${address}`;
  return `${`${port}/tcp`.padEnd(10)} ${what.padEnd(42)} ${said[state] ?? state}${where}, as the host told`;
}

function toLine(use: Use, { direction, state, address }: PortFinding, about: string): string {
  const said: Partial<Record<PortFinding['state'], string>> = states[direction];
  const seen = said[state] ?? state;
  const where = direction === 'in' && state === 'open' ? ` on ${address ?? '?'}` : '';
  const words = [about, use.optional ? 'optional' : '', use.assumed ? '' : 'by omd config'];
  const note = words.filter(Boolean);
  const port = `${use.port}/${use.proto}`.padEnd(10);
  const purpose = `${use.what}, from ${use.from}`.padEnd(42);
  return `${port} ${purpose} ${seen}${where}${note.length > 0 ? ` (${note.join(', ')})` : ''}`;
}

const answeringMs = 60_000;

async function answer(
  uses: readonly Use[],
  { listenAddress = '127.0.0.1' }: PortValues,
  context: CommandContext,
): Promise<void> {
  const taken = await Promise.all(
    uses
      .filter(({ isLocal }) => isLocal !== true)
      .map(({ proto, port }) => answerOn(proto, listenAddress, port)),
  );
  const lines = taken.map(({ proto, port, fault }) =>
    fault === undefined ? `${port}/${proto} answers on ${listenAddress}` : fault.message,
  );
  try {
    await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
    await context.clock.sleep(answeringMs, context.shutdown);
  } finally {
    for (const one of taken) one.close();
  }
}
