/** Memory that is given back at once, without waiting for the garbage collector. */

/** Less is not worth it, and may be a part of memory that Node shares out among small buffers. */
const leastBytes = 16 * 1024;

/**
 * Gives back the memory of bytes that nobody needs any more; a later look at them finds no bytes.
 * Of a part of something larger nothing is given back. No call of the system that goes on by
 * itself, such as a write without waiting, may be reading them.
 */
export function letGo({ buffer, byteLength }: Buffer): void {
  if (byteLength < leastBytes || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
