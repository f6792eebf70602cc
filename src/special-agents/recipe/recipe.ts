/** A recipe as it was read and checked. */

import type { Limits } from './limits.ts';
import type { RecipeFile } from './schema.ts';

export interface Recipe extends Omit<RecipeFile, 'limits'> {
  readonly name: string;
  /** Where it is, for messages: a path, or the name of a shipped one. */
  readonly origin: string;
  readonly limits: Limits;
}
