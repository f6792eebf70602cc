/** Which host is set up, and where its output comes from. */

import type { CommandContext, Invocation } from '../../cli/command.ts';
import { type HostName, parseAddress, parseHostName } from '../../names/host-name.ts';
import { defaultRoutesPath } from '../../routes/load.ts';
import type { Target } from '../../transports/source.ts';
import type { Conversation } from './conversation.ts';
import { askForSource } from './ways.ts';

export interface Subject extends Target {
  readonly host: HostName;
  /** Sources and options as fetch reads them. */
  readonly invocation: Invocation;
  readonly routesPath: string;
}

/** What is said on the command line. */
export interface Named {
  /** Undefined: to be asked for. */
  readonly host: HostName | undefined;
  /** Undefined: to be asked for where a source needs it. */
  readonly address: string | undefined;
  /** Sources and options of fetch; empty: to be asked for. */
  readonly words: readonly string[];
}

/** Reads words as fetch would; throws as it would. */
export type ReadSources = (words: readonly string[]) => Promise<Invocation>;

/** @throws CourierError USAGE for answers that are none, and where nobody may be asked */
export async function findSubject(
  named: Named,
  readSources: ReadSources,
  { env }: CommandContext,
  conversation: Conversation,
): Promise<Subject> {
  const host =
    named.host ?? parseHostName(await conversation.ask('name of a host in Checkmk', 'HOST'));
  const words = named.words.length > 0 ? named.words : await askForSource(conversation);
  const invocation = await readSources(words);
  const isNeeded = words.some((word) => word.includes('{address}'));
  const asked = isNeeded && named.address === undefined;
  const address = asked
    ? parseAddress(await conversation.ask(`address of ${host}`, '--address'))
    : named.address;
  return { host, address, invocation, routesPath: defaultRoutesPath(env) };
}
