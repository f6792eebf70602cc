/** Documents that commands print with --json, held against their schemas. */

import assert from 'node:assert/strict';
import { jsonSchemas } from '../../src/commands/json-schemas.ts';

/** Fails unless `text` is exactly one document of the schema of a command line. */
export function assertDocument(line: string, text: string): void {
  assert.match(text, /^\{[\s\S]*\}\n$/, line);
  const { error } = jsonSchemas[line]?.safeParse(JSON.parse(text)) ?? assert.fail(line);
  assert.equal(error, undefined, line);
}
