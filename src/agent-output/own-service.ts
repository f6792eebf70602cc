/** Where a service of our own goes, so that nothing in the output takes its place. */

import { areRowsReadable, white } from './local-rows.ts';
import { parseAgentOutput, type Section } from './parser.ts';
import { type ServiceLine, toLocalSection } from './service-line.ts';
import { isPiggyback, startState, walkMarkers } from './states.ts';

/** What goes out around agent output; either may be empty. */
export interface Surroundings {
  readonly ahead: Buffer;
  readonly behind: Buffer;
}

const nothing = Buffer.alloc(0);

export const noSurroundings: Surroundings = { ahead: nothing, behind: nothing };

/**
 * Makes the section for a service. It stands ahead of the output, unless a local check of the
 * agent has the same name or may have it: of two such rows the last one counts
 * (agent-output.md#local-checks), and ours must not be the other one. The line then says so.
 */
export function surround(output: Buffer, host: string, line: ServiceLine): Surroundings {
  const locals = parseAgentOutput(output, host).sections.filter(
    ({ name, owner }) => name === 'local' && (owner.kind === 'main' || isOwn(owner, host)),
  );
  const isTaken = locals.some((section) => hasRowOf(output, section, line.service));
  const text = isTaken
    ? `${line.text}; a local check of the agent has this name, too, and does not count`
    : line.text;
  const section = toLocalSection({ ...line, text });
  if (!isTaken && locals.every(({ options }) => areRowsReadable(options)))
    return { ahead: section, behind: nothing };
  return { ahead: nothing, behind: Buffer.concat([closing(output, host), section]) };
}

function isOwn(owner: Section['owner'], host: string): boolean {
  return owner.kind === 'piggybacked' && owner.host === host;
}

/** @param service a name of letters and blanks */
function hasRowOf(output: Buffer, { bodyStart, end }: Section, service: string): boolean {
  const rows = output.toString('latin1', bodyStart, end).replaceAll('\0', '');
  const name = service.replaceAll(' ', `${white}+`);
  const row = `^${white}*(?:cached\\([^)\\n]*\\)${white}*)?[!-~]+${white}+(["'])${name}\\1`;
  return new RegExp(row, 'm').test(rows);
}

const lineFeed = 0x0a;

/** What has to stand behind the output so that a section of the host itself can follow. */
function closing(output: Buffer, host: string): Buffer {
  let last = startState;
  for (const { after } of walkMarkers(output, host)) last = after;
  const lineEnd = output.at(-1) === lineFeed ? '' : '\n';
  return Buffer.from(`${lineEnd}${isPiggyback(last) ? '<<<<>>>>\n' : ''}`);
}
