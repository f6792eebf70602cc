/** The brackets around a marker. */

const less = 0x3c;
const greater = 0x3e;

/** `<<<` at the start and `>>>` at the end; a shorter line cannot hold both. */
export function hasBrackets(output: Buffer, start: number, end: number): boolean {
  return (
    output[start] === less &&
    output[start + 1] === less &&
    output[start + 2] === less &&
    output[end - 1] === greater &&
    output[end - 2] === greater &&
    output[end - 3] === greater
  );
}

/** Of a line with three brackets at both ends: whether there are four. */
export function isPiggybackMarker(output: Buffer, start: number, end: number): boolean {
  return output[start + 3] === less && output[end - 4] === greater;
}
