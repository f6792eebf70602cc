/** PEM (RFC 7468): blocks of base64 between lines that say what they are. */

export interface PemBlock {
  /** Such as `CERTIFICATE`. */
  readonly label: string;
  readonly der: Buffer;
  /** The block itself with LF line ends, the last one included. */
  readonly pem: string;
}

/** Every whole block in a text, in order; what stands between them is left out. */
export function readPemBlocks(text: string): readonly PemBlock[] {
  const blocks = text.matchAll(
    /-----BEGIN ([A-Z\d ]{1,40})-----[ \t]*\r?\n([A-Za-z\d+/=\s]*)-----END \1-----/g,
  );
  return [...blocks].map(([, label = '', base64 = '']) => {
    const der = Buffer.from(base64, 'base64');
    return { label, der, pem: toPem(label, der) };
  });
}

/** Lines of 64 characters that end in LF. */
export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
