/** A server certificate in the place of the one we would make, as others or time have it. */

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAuthority } from '../../src/certs/authority.ts';
import { files } from '../../src/certs/directory.ts';
import { issueCertificate } from '../../src/certs/issue.ts';
import { toKeyPem } from '../../src/certs/make.ts';
import { serverProfile } from '../../src/certs/profiles.ts';

interface Wanted {
  /** Extended key usages; undefined leaves the extension out. */
  readonly usages?: readonly ('serverAuth' | 'clientAuth')[];
  readonly until?: Date;
  /** When it is made; now, unless said otherwise. */
  readonly now?: Date;
}

/** Puts it, under the receiver's CA, into the directory of `certs init`. */
export async function putServerCertificate(
  directory: string,
  { usages = [], until, now = new Date() }: Wanted,
): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const authority = await loadAuthority(directory, 'receiver');
  const subject = { commonName: 'mysite', publicKey, now };
  const profile = serverProfile(subject, ['localhost'], authority.keyId);
  const extensions = profile.extensions.filter(
    (one) => !JSON.stringify(one).includes('extKeyUsage'),
  );
  if (usages.length > 0) {
    const named = Object.fromEntries(usages.map((usage) => [usage, true]));
    extensions.push({ name: 'extKeyUsage', ...named });
  }
  const contents = { ...profile, extensions, ...(until && { notAfter: until }) };
  const { certificate } = await issueCertificate(contents, authority);
  await writeFile(join(directory, files.server), certificate + toKeyPem(privateKey), {
    mode: 0o600,
  });
}
