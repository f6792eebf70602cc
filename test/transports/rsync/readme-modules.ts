/** The parts of rsyncd.conf that the README of the transport shows. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const readme = new URL('../../../src/transports/rsync/README.md', import.meta.url);

/**
 * A module as the README has it, with the parameters of a test in place of its own.
 *
 * @param name what the comment in front of it says
 */
export function readModule(name: string, parameters: Readonly<Record<string, string>>): string {
  const block = new RegExp(`<!-- ${name} -->\n\`\`\`ini\n([^]*?)\`\`\``);
  let [, text = ''] = block.exec(readFileSync(readme, 'utf8')) ?? [];
  for (const [parameter, value] of Object.entries(parameters)) {
    const line = new RegExp(`^( *${parameter} = ).*$`, 'm');
    assert.match(text, line);
    text = text.replace(line, (_, start) => start + value);
  }
  return text;
}
