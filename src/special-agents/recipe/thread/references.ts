/** What an expression refers to, read from its syntax tree. */

import type { Checked } from './messages.ts';

/** A place in the tree: whether names there are looked up in what the expression is evaluated on. */
type Place = 'at root' | 'below';

/** @param ast of jsonata, which has no types worth the name */
export function findReferences(ast: unknown): Pick<Checked, 'variables' | 'roots'> {
  const variables = new Set<string>();
  const roots = new Set<string>();
  const visit = (node: unknown, place: Place): void => {
    if (Array.isArray(node)) {
      for (const part of node) visit(part, place);
    } else if (typeof node === 'object' && node !== null) {
      visitNode(new Map(Object.entries(node)), place);
    }
  };
  const visitNode = (node: ReadonlyMap<string, unknown>, place: Place): void => {
    const [type, value] = [node.get('type'), node.get('value')];
    if (type === 'variable' && typeof value === 'string') variables.add(value);
    if (type === 'name' && typeof value === 'string' && place === 'at root') roots.add(value);
    for (const [key, part] of node) {
      if (key === 'steps' && Array.isArray(part)) {
        for (const [index, step] of part.entries()) visit(step, index === 0 ? place : 'below');
      } else {
        visit(part, changesContext(key) ? 'below' : place);
      }
    }
  };
  visit(ast, 'at root');
  return { variables: [...variables], roots: [...roots] };
}

/** Predicates, groups and terms to sort by look at what stands before them. */
function changesContext(key: string): boolean {
  return ['predicate', 'stages', 'group', 'terms', 'update', 'delete'].includes(key);
}
