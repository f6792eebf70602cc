/** Runs a special agent to its output: sections, and what did not come. */

import { toServiceRow } from '../agent-output/service-line.ts';
import { parseOptions, pickOptions, type RawOptions } from '../cli/options.ts';
import { CourierError, cleanText, prefixError } from '../faults/errors.ts';
import { redactSecrets } from '../faults/redaction.ts';
import { counted } from '../names/counted.ts';
import { ownOptions } from './run-options.ts';
import { SectionWriter } from './section-writer.ts';
import type { AgentContext, PartFault, SpecialAgent } from './special-agent.ts';

/** What the caller of an agent has to give. */
export interface AgentCall
  extends Pick<
    AgentContext,
    'host' | 'address' | 'signal' | 'log' | 'clock' | 'env' | 'exchange' | 'trace'
  > {
  readonly maxOutputBytes: number;
}

/**
 * All of its output; what failed alone is told in it.
 *
 * @throws CourierError when nothing came of it
 */
export async function runAgent(
  agent: SpecialAgent,
  raw: RawOptions,
  call: AgentCall,
): Promise<Buffer> {
  const writer = new SectionWriter(call.maxOutputBytes);
  const faults: PartFault[] = [];
  let requests = 0;
  const startMs = call.clock.monotonic();
  await agent.run(raw, {
    ...call,
    writer,
    fault: (fault) => {
      faults.push(fault);
      const { code, message } = fault.error;
      call.log.warn({ [fault.kind]: fault.name, code }, message);
    },
    countRequest: () => {
      requests += 1;
    },
  });
  call.signal.throwIfAborted();
  if (writer.sections === 0) throw whyNothing(faults);
  const { ownService } = parseOptions(ownOptions, pickOptions(raw, ownOptions));
  const seconds = (call.clock.monotonic() - startMs) / 1000;
  report(writer, { name: agent.name, faults, requests, seconds, ownService });
  return writer.toBuffer();
}

function whyNothing(faults: readonly PartFault[]): CourierError {
  const worst = faults.find(({ error }) => error.code === 'REFUSED') ?? faults[0];
  if (worst === undefined) return new CourierError('NO_OUTPUT', 'no section was made');
  return prefixError(worst.error, `${worst.kind} ${worst.name}`);
}

interface Report {
  readonly name: string;
  readonly faults: readonly PartFault[];
  readonly requests: number;
  readonly seconds: number;
  readonly ownService: 'local' | 'section' | 'none';
}

/** For the plug-ins of our package, and as a local check for sites without them. */
function report(
  writer: SectionWriter,
  { name, faults, requests, seconds, ownService }: Report,
): void {
  const sections = writer.sections;
  const duration = Math.round(seconds * 1000) / 1000;
  const summary = {
    agent: name,
    service: ownService,
    sections,
    faults: faults.length,
    requests,
    duration,
  };
  const lines = faults.map(({ kind, name: part, error }) => {
    const message = cleanText(error.message);
    return { agent: name, [kind]: part, code: error.code, message };
  });
  const rows = [summary, ...lines].map((line) => redactSecrets(JSON.stringify(line)));
  writer.section({ name: 'cmk_courier_agent', separator: 0 }, rows);
  if (ownService !== 'local') return;
  const told = faults.map(
    ({ kind, name: part, error }) => `${kind} ${part}: ${error.message} (${error.code})`,
  );
  const text =
    faults.length === 0
      ? `${counted(sections, 'section')}, ${counted(requests, 'request')}`
      : `${faults.length} failed: ${told.join('; ')}`;
  const metrics = [
    ['requests', requests],
    ['duration', duration],
    ['faults', faults.length],
  ] as const;
  const line = {
    state: faults.length === 0 ? 0 : 1,
    service: `Agent ${name}`,
    metrics,
    text,
  } as const;
  writer.section({ name: 'local', separator: 0 }, [toServiceRow(line)]);
}
