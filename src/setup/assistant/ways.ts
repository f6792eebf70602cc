/** Which way the output of a host comes, asked in words of people who do not know ours yet. */

import { CourierError } from '../../faults/errors.ts';
import type { Conversation } from './conversation.ts';

interface Way {
  readonly what: string;
  /** The source to begin with; it stands in the question. */
  readonly example: string;
  /** Whether that is good for most, or somebody has to type his own. */
  readonly isPreset: boolean;
}

const ways: readonly Way[] = [
  { what: 'a web server has it', example: 'https://depot.example/agent/{host}', isPreset: false },
  { what: 'it lies in a file here', example: '/var/drops/{host}.txt', isPreset: false },
  { what: 'the agent port of the host', example: 'tcp://{address}', isPreset: true },
  { what: 'ssh to the host', example: 'ssh://monitor@{address}', isPreset: true },
  { what: 'the host pushes it to the receiver here', example: 'spool:', isPreset: true },
  { what: 'it comes by mail', example: 'imaps://checkmk@mail.example', isPreset: false },
  {
    what: 'another way, such as rsync or a program',
    example: 'rsync://depot.example/drops/{host}',
    isPreset: false,
  },
];

/**
 * Asks for the source and its options, as `fetch` has them.
 *
 * @throws CourierError USAGE when the answer is none
 */
export async function askForSource(conversation: Conversation): Promise<readonly string[]> {
  await conversation.say(
    'How does its output come here?',
    ...ways.map(({ what, example }, index) => `  ${index + 1}  ${what} (${example})`),
  );
  const number = Number(await conversation.ask('number', '-- SOURCE'));
  const way = ways[number - 1];
  if (way === undefined) throw new CourierError('USAGE', `a number from 1 to ${ways.length} it is`);
  const question = way.isPreset
    ? 'source and its options'
    : `source and its options, such as ${way.example}`;
  const line = await conversation.ask(question, '-- SOURCE', way.isPreset ? way.example : '');
  const words = line.split(/\s+/).filter((word) => word !== '');
  if (words.length > 0) return words;
  throw new CourierError('USAGE', 'without a source there is nothing to set up');
}
