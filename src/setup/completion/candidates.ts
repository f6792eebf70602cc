/** What may stand in the place of the word somebody is typing. */

import type { CommandModule } from '../../cli/command.ts';
import type { Environment } from '../../cli/environment.ts';
import { type OptionSpec, type OptionTable, toFlag } from '../../cli/options.ts';
import { globalOptions } from '../../cli/read-arguments.ts';
import { toMark } from '../../cli/read-invocation.ts';
import { type Form, type Operand, readUsage } from './usage.ts';

export interface Candidate {
  readonly word: string;
  /** For shells that show it. */
  readonly about: string;
}

/** Words, or names of files or directories, which shells know best. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  | { readonly kind: 'files' | 'directories' };

/** What completion knows of the program, and of the machine it runs on. */
export interface Surroundings {
  readonly commands: Readonly<
    Record<string, { readonly summary: string; load(): Promise<CommandModule> }>
  >;
  readonly schemes: Readonly<Record<string, { readonly summary: string }>>;
  /** Names of hosts for a command line; never rejects. */
  findHosts(typed: TypedLine): Promise<readonly string[]>;
  /** Says where recipes of a site are. */
  readonly env?: Environment;
}

/** A command line as far as it goes. */
export interface TypedLine {
  readonly command: string;
  readonly verb: string | undefined;
  /** Value of an option that is given. */
  findValue(name: string): string | undefined;
}

const nothing: Candidates = { kind: 'words', words: [] };

/** @param words behind the program's name; the last one is being typed, and may be empty */
export async function findCandidates(
  words: readonly string[],
  surroundings: Surroundings,
): Promise<Candidates> {
  const [name = '', ...rest] = words;
  const { commands } = surroundings;
  if (rest.length === 0) return starting(name, programWords(commands));
  if (name === 'help')
    return rest.length > 1 ? nothing : starting(rest[0] ?? '', summaries(commands));
  const command = Object.hasOwn(commands, name) ? await commands[name]?.load() : undefined;
  if (command === undefined) return nothing;
  const [word = '', ...behind] = rest;
  if (command.commands !== undefined && !word.startsWith('-')) {
    if (behind.length === 0) return starting(word, summaries(command.commands));
    return findCandidates(rest, { ...surroundings, commands: command.commands });
  }
  const typed = rest.at(-1) ?? '';
  const before = rest.slice(0, -1);
  const end = before.indexOf('--');
  const forms = readUsage(command.usage);
  if (end >= 0) {
    const passesTo = forms.find((form) => form.passesTo !== undefined)?.passesTo;
    if (passesTo !== undefined)
      return findCandidates([passesTo, ...rest.slice(end + 1)], surroundings);
  }
  const line = await readLine(name, command, before, surroundings.env ?? {});
  return new Completion(line, forms, surroundings).find(typed, end < 0);
}

function programWords(commands: Surroundings['commands']): readonly Candidate[] {
  return [
    ...summaries(commands),
    { word: 'help', about: 'show help for a command' },
    { word: '--help', about: 'list the commands' },
    { word: '--version', about: 'name the version' },
  ];
}

function summaries(commands: Surroundings['commands']): readonly Candidate[] {
  return Object.entries(commands).map(([word, { summary }]) => ({ word, about: summary }));
}

interface Line extends TypedLine {
  readonly options: OptionTable;
  /** Names of options that are given, and how often. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  /** The option that wants the next word as its value. */
  readonly open: string | undefined;
  readonly operands: readonly string[];
}

/** A name that is half typed, or a recipe that is wrong, is no reason to complete nothing. */
async function loadGroups(command: CommandModule, part: readonly string[], env: Environment) {
  try {
    return (await command.loadSourceOptions?.(part, env)) ?? [];
  } catch {
    return [];
  }
}

/** Reads leniently: half a line is wrong in many ways. */
async function readLine(
  name: string,
  command: CommandModule,
  before: readonly string[],
  env: Environment,
): Promise<Line> {
  // `--or` and `--with` part lines, and what stands ahead of the last one is done with.
  const last = before.findLastIndex((word) => toMark(word) !== undefined);
  const source = /^--with=(.+)/.exec(before[last] ?? '')?.[1];
  const part = [...(source === undefined ? [] : [source]), ...before.slice(last + 1)];
  const isFirst = last < 0;
  const groups = (part.length > 0 && (await loadGroups(command, part, env))) || [];
  const own = isFirst ? command.options : (command.alternatives ?? {});
  const options: OptionTable = Object.assign(
    {},
    own,
    ...groups.map((group) => group.options),
    globalOptions,
  );
  const names = new Map(Object.keys(options).map((option) => [toFlag(option), option]));
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  let open: string | undefined;
  for (const word of part) {
    const [flag = '', ...value] = word.split('=');
    const option = names.get(flag);
    if (open !== undefined) given.get(open)?.push(word);
    else if (option === undefined) operands.push(word);
    else
      given.set(option, [
        ...(given.get(option) ?? []),
        ...(word === flag ? [] : [value.join('=')]),
      ]);
    const isOpen = open === undefined && option !== undefined && word === flag;
    open = isOpen && options[option]?.kind !== 'switch' ? option : undefined;
  }
  const verb = operands.find((word) => !word.startsWith('-'));
  const findValue = (option: string) => given.get(option)?.at(-1);
  return { command: name, verb, options, given, open, operands, findValue };
}

/** One question of a shell. */
class Completion {
  readonly #line: Line;
  readonly #forms: readonly Form[];
  readonly #surroundings: Surroundings;

  constructor(line: Line, forms: readonly Form[], surroundings: Surroundings) {
    this.#line = line;
    this.#forms = forms;
    this.#surroundings = surroundings;
  }

  async find(typed: string, mayBeOption: boolean): Promise<Candidates> {
    const { open, options } = this.#line;
    if (open !== undefined) return this.#values(open, '', typed);
    if (!mayBeOption) return this.#operand(typed);
    const [flag = '', ...value] = typed.split('=');
    const option = Object.keys(options).find((name) => toFlag(name) === flag);
    if (option !== undefined && typed !== flag) {
      return this.#values(option, `${flag}=`, value.join('='));
    }
    if (typed.startsWith('-'))
      return starting(
        typed,
        this.#flags(() => true),
      );
    const found = await this.#operand(typed);
    if (found.kind !== 'words') return found;
    const required = this.#flags((spec) => spec.kind === 'value' && spec.required === true);
    return { kind: 'words', words: [...(typed === '' ? required : []), ...found.words] };
  }

  /** Options that may still be given. */
  #flags(fits: (spec: OptionSpec) => boolean): readonly Candidate[] {
    const { options, given } = this.#line;
    return Object.entries(options)
      .filter(([name, spec]) => fits(spec) && (spec.kind === 'list' || !given.has(name)))
      .map(([name, spec]) => ({
        word: `${toFlag(name)}${spec.kind === 'switch' ? '' : '='}`,
        about: spec.describe,
      }));
  }

  /** @param prefix what stands ahead of the value in its word */
  async #values(option: string, prefix: string, typed: string): Promise<Candidates> {
    const spec = this.#line.options[option];
    if (spec === undefined || spec.kind === 'switch') return nothing;
    const words = wordsOf(spec);
    if (words.length > 0)
      return starting(
        `${prefix}${typed}`,
        words.map((word) => ({ word: `${prefix}${word}`, about: '' })),
      );
    const isHost = option === 'host' || spec.placeholder === 'HOST';
    return this.#byPlaceholder(
      isHost ? 'HOST' : spec.placeholder.replace('NAME', ''),
      prefix,
      typed,
    );
  }

  async #operand(typed: string): Promise<Candidates> {
    const { operands, verb } = this.#line;
    const verbs = this.#forms.flatMap((form) => form.verb ?? []);
    if (verbs.length > 0 && operands.length === 0) {
      return starting(
        typed,
        verbs.map((word) => ({ word, about: '' })),
      );
    }
    const form = this.#forms.find((one) => one.verb === (verbs.length > 0 ? verb : undefined));
    const wanted = form && operandAt(form.operands, operands.length - (verbs.length > 0 ? 1 : 0));
    if (wanted === undefined) return nothing;
    if (/^[a-z|]+$/.test(wanted)) {
      return starting(
        typed,
        wanted.split('|').map((word) => ({ word, about: '' })),
      );
    }
    return this.#byPlaceholder(wanted, '', typed);
  }

  async #byPlaceholder(placeholder: string, prefix: string, typed: string): Promise<Candidates> {
    if (/^(FILE|PROGRAM|[A-Z]+\.[a-z]+)$/.test(placeholder)) return { kind: 'files' };
    if (placeholder === 'DIR') return { kind: 'directories' };
    if (placeholder === 'SOURCE') return this.#sources(typed);
    if (!/^(HOST|NAME|PATTERN)$/.test(placeholder)) return nothing;
    const hosts = await this.#surroundings.findHosts(this.#line);
    const taken = new Set(this.#line.operands);
    const free = hosts.filter((host) => host.startsWith(typed) && !taken.has(host));
    return { kind: 'words', words: free.map((host) => ({ word: `${prefix}${host}`, about: '' })) };
  }

  #sources(typed: string): Candidates {
    if (/^[/~.]/.test(typed)) return { kind: 'files' };
    const schemes = Object.entries(this.#surroundings.schemes);
    const marks = [
      { word: '--or', about: 'another source, with options of its own' },
      { word: '--with', about: 'a source whose sections are added' },
    ];
    const words = schemes.map(([scheme, { summary }]) => ({ word: `${scheme}:`, about: summary }));
    return starting(typed, this.#line.operands.length > 0 ? [...words, ...marks] : words);
  }
}

/** The last one again and again, where it may be given so. */
function operandAt(operands: readonly Operand[], index: number): string | undefined {
  const last = operands.at(-1);
  return operands[index]?.placeholder ?? (last?.repeats ? last.placeholder : undefined);
}

/** What the option takes, where that is a few words. */
function wordsOf(spec: Exclude<OptionSpec, { kind: 'switch' }>): readonly string[] {
  const { parse, placeholder } = spec;
  if ('words' in parse && Array.isArray(parse.words)) return parse.words.map(String);
  return /^[a-z0-9]+(\|[a-z0-9]+)+$/.test(placeholder) ? placeholder.split('|') : [];
}

function starting(typed: string, words: readonly Candidate[]): Candidates {
  return { kind: 'words', words: words.filter(({ word }) => word.startsWith(typed)) };
}
