/** The names a short name may stand for: `search` and `ndots` of resolv.conf(5). */

export interface SearchList {
  readonly domains: readonly string[];
  /** A name with so many dots is asked for as it is first. */
  readonly ndots: number;
}

const noSearch: SearchList = { domains: [], ndots: 1 };

/** Of several `search` or `domain` lines the last one counts. */
export function parseSearchList(text: string): SearchList {
  let { domains, ndots } = noSearch;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .split(/\s+/)
      .filter(Boolean);
    if (keyword === 'search' || keyword === 'domain') domains = values;
    if (keyword !== 'options') continue;
    const found = values.map((value) => /^ndots:(\d{1,2})$/.exec(value)?.[1]).find(Boolean);
    if (found !== undefined) ndots = Number(found);
  }
  return { domains, ndots };
}

/** The names to ask for, in order; a dot at the end means the name itself and no other. */
export function candidatesOf(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = domains.filter((domain) => domain !== '.').map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}
