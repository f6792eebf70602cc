/** What a rule of ours runs. */

import { PythonTuple, type PythonValue } from '../python-literal/values.ts';
import { programs, specialAgent } from './rule-list.ts';
import { hostAddress, hostName, toShellLine, type Word } from './shell-line.ts';

interface Run {
  /** What the collector has ready. */
  readonly ready: boolean;
  readonly specialAgent: boolean;
  /** Options and sources of `cmk-courier fetch`; without any, the routes file decides. */
  readonly words: readonly string[];
}

export interface RuleValue {
  readonly ruleSet: string;
  readonly value: PythonValue;
  /** For people. */
  readonly shown: string;
}

/** @throws CourierError USAGE for words that a rule cannot hold */
export function toRuleValue(run: Run): RuleValue {
  if (run.specialAgent) return toForm(run);
  const line = toShellLine(run.ready ? readyCommand : [...fetchCommand, ...run.words]);
  return { ruleSet: programs, value: line, shown: line };
}

const address: Word = ['--address=', hostAddress];
const fetchCommand: readonly Word[] = ['cmk-courier', 'fetch', ['--host=', hostName], address];
const readyCommand: readonly Word[] = ['cmk-courier-ready', [hostName], address];

/** As the form "Agent courier" keeps it (agents/checkmk/cmk_courier/rulesets/). */
function toForm({ ready }: Run): RuleValue {
  const way = ready ? 'ready' : 'routes';
  return {
    ruleSet: specialAgent,
    value: new Map([['way', new PythonTuple([way, new Map()])]]),
    shown: ready ? 'as the collector has it ready' : 'as the routes file says',
  };
}
