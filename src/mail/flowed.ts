/** Text as it was written, out of `format=flowed` (RFC 3676). */

/**
 * Undoes what the sender did to carry long lines: joins lines that end in a blank, and takes away
 * the blank in front of a line that begins with one, with `>` or with `From `.
 *
 * What is quoted with `>` is joined with nothing but lines quoted as deeply, and otherwise left as
 * it is. `-- ` alone is the mark of a signature, not a line that goes on.
 *
 * @param deletesSpace the parameter `DelSp=yes`: the blank at the end of a line is only a mark
 */
export function unflow(text: Buffer, deletesSpace: boolean): Buffer {
  const lines = text.toString('latin1').split(/\r?\n/);
  const pieces: string[] = [];
  let openDepth: number | undefined;
  for (const [index, line] of lines.entries()) {
    const { depth, content } = takeApart(line);
    const goesOn = openDepth === depth && content !== '-- ';
    if (index > 0 && !goesOn) pieces.push('\n');
    if (!goesOn) pieces.push('>'.repeat(depth));
    const isFlowed = content.endsWith(' ') && content !== '-- ' && index < lines.length - 1;
    pieces.push(isFlowed && deletesSpace ? content.slice(0, -1) : content);
    openDepth = isFlowed ? depth : undefined;
  }
  return Buffer.from(pieces.join(''), 'latin1');
}

/** RFC 3676 4.5: first the marks of quotation, then one blank that was put in. */
function takeApart(line: string): { readonly depth: number; readonly content: string } {
  const depth = /^>*/.exec(line)?.[0].length ?? 0;
  const rest = line.slice(depth);
  const isStuffed = depth === 0 && rest.startsWith(' ');
  return { depth, content: isStuffed ? rest.slice(1) : rest };
}
