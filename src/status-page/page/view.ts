/** A document → what is shown of it; the same at the server and in the browser. */

import type { Document } from '../model.ts';
import type { Content } from './element.ts';
import { fleetView } from './fleet-view.ts';
import { formatCount } from './format.ts';
import { hostView } from './host-view.ts';
import { operationsView } from './operations-view.ts';
import type { Scope } from './scope.ts';
import { stateWords } from './symbols.ts';

export function viewOf(document: Document, scope: Scope): Content {
  switch (document.view) {
    case 'fleet':
      return fleetView(document, scope);
    case 'host':
      return hostView(document, scope);
    case 'operations':
      return operationsView(document, scope);
  }
}

/** What the tab of the browser says: what is wrong first. */
export function titleOf(document: Document): string {
  switch (document.view) {
    case 'fleet': {
      const { faulty, silent } = document.totals;
      const isWell = faulty + silent === 0;
      return `${isWell ? 'Fleet' : `${formatCount(faulty + silent)} without output`} · cmk-courier`;
    }
    case 'host':
      return `${document.host}: ${stateWords[document.row.state]} · cmk-courier`;
    case 'operations':
      return 'Operations · cmk-courier';
  }
}
