/** `cmk-courier probe`: what answers on a port, and what that means. */

import { type CommandContext, type CommandModule, defineCommand } from '../cli/command.ts';
import { parsePositiveDuration } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import type { TcpFinding } from '../doctor/tcp-probe.ts';
import { CourierError, quote } from '../faults/errors.ts';

const options = {
  timeout: {
    kind: 'value',
    placeholder: 'DURATION',
    describe:
      'time for all of it; longer for a host without TLS whose agent is slow, since it answers at its end',
    parse: parsePositiveDuration,
    fallback: '10s',
  },
  json: { kind: 'switch', describe: 'print the finding as a JSON object' },
} as const satisfies OptionTable;

export const probe: CommandModule = defineCommand({
  summary: 'say what answers on the agent port of a host',
  usage: 'probe tcp HOST[:PORT]',
  examples: [
    ['probe tcp web01', 'port 6556 of a host: TLS, plain text, encrypted, or something else'],
    ['probe tcp --json [2001:db8::1]:6556', 'the same for programs, by address'],
  ],
  options,
  run,
});

async function run(
  operands: readonly string[],
  values: OptionValues<typeof options>,
  context: CommandContext,
): Promise<void> {
  const [kind, place, ...others] = operands;
  if (kind !== 'tcp' || place === undefined || others.length > 0) {
    const given = kind === undefined || kind === 'tcp' ? '' : `, not ${quote(kind)}`;
    throw new CourierError('USAGE', `must be: probe tcp HOST[:PORT]${given}`);
  }
  const [{ parseAgentPlace }, { probeTcp }] = await Promise.all([
    import('../transports/tcp/place.ts'),
    import('../doctor/tcp-probe.ts'),
  ]);
  const limits = { timeoutMs: values.timeout, clock: context.clock };
  const finding = await probeTcp(parseAgentPlace(place), limits, context.shutdown);
  if (values.json) await context.writeOutput(Buffer.from(toJson(finding)));
  if (finding.fault !== undefined) throw finding.fault;
  if (!values.json) await context.writeOutput(Buffer.from(toText(finding)));
}

function toText({ place, marker, what, meaning }: TcpFinding): string {
  return `${place.shown} answers ${marker}: ${what}\n${meaning}\n`;
}

function toJson({ kind, place, marker, what, meaning, fault, durationMs }: TcpFinding): string {
  const { address, port } = place;
  const code = fault?.code;
  const shown = { probe: 'tcp', address, port, finding: kind, marker, what, meaning, code };
  return `${JSON.stringify({ ...shown, durationMs }, null, 2)}\n`;
}
