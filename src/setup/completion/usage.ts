/**
 * The usage line of a command → its verbs, and what stands behind each. So that nothing is said
 * twice, this line of --help is where completion has them from:
 * `hosts list | allow NAME… | revoke NAME…`, `certs init|show`, `check [FILE…]`.
 */

/** What is wanted behind the options, such as `FILE` or, of a few words, `collect|receive`. */
export interface Form {
  /** Undefined where the command has no verbs. */
  readonly verb: string | undefined;
  readonly operands: readonly Operand[];
  /** Behind `--` stands what this command takes. */
  readonly passesTo: string | undefined;
}

export interface Operand {
  readonly placeholder: string;
  /** It may be given again and again. */
  readonly repeats: boolean;
}

export function readUsage(usage: string): readonly Form[] {
  const [, ...words] = usage.split(' ');
  return splitForms(words.join(' ')).map(readForm);
}

/** At bars that are not within brackets. */
function splitForms(text: string): readonly string[] {
  const forms = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '[') depth += 1;
    if (character === ']') depth -= 1;
    if (character === '|' && depth === 0) forms.push('');
    else forms.push(`${forms.pop() ?? ''}${character}`);
  }
  return forms.map((form) => form.trim());
}

function readForm(text: string): Form {
  const passesTo = /\[-- ([A-Z]+)-OPTIONS [^\]]*\]/.exec(text)?.[1]?.toLowerCase();
  const items = text.match(/\[(?:\[[^\]]*\]|[^[\]])*\][^ ]*|[^ ]+/g) ?? [];
  const [first = '', ...others] = items.filter((item) => !/^\[?--/.test(item));
  const isVerb = /^[a-z-]+$/.test(first);
  const operands = isVerb ? others : [first, ...others].filter((item) => item !== '');
  return { verb: isVerb ? first : undefined, operands: operands.map(readOperand), passesTo };
}

/** `[FILE…]` → FILE, `[USER@]HOST[:PORT]…` → HOST, `[collect | receive]` → collect|receive */
function readOperand(item: string): Operand {
  const repeats = item.endsWith('…') || item.endsWith('…]');
  const isOptional = /^\[[^[\]]*\]$/.test(item);
  const bare = isOptional ? item.slice(1, -1) : item.replace(/\[[^\]]*\]/g, '');
  return { placeholder: bare.replaceAll(' ', '').replaceAll('…', ''), repeats };
}
