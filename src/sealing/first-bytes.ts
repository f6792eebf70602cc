/** Whether something is sealed. Every fetch asks, and what opens seals is loaded only for a yes. */

/** All signed documents begin so; which one it is, the rest of the line says. */
const family = 'format cmk-courier-';

/** Whether bytes begin as a signed document does, if only one in a drop's place. */
export function isSealed(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, family.length) === family;
}
