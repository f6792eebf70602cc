/** Dovecot with its own configuration, mailbox and certificate, on free ports. */

import { randomBytes } from 'node:crypto';
import { chmod, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Authority } from '../helpers/certificates.ts';
import { type Daemon, startDaemon } from '../helpers/daemon.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { makeMaildir } from './maildir.ts';

/** Dovecot lets nobody in as root, so the mailbox belongs to nobody. */
export const mailOwner = { uid: 65534, gid: 65534 } as const;

export interface Dovecot {
  /** For `imap:`. */
  readonly port: number;
  /** For `imaps:`. */
  readonly tlsPort: number;
  readonly user: string;
  readonly password: string;
  /** A file with the password. */
  readonly passwordFile: string;
  /** A file with the authority of its certificate, which is for `localhost` and 127.0.0.1. */
  readonly ca: string;
  readonly directory: string;
  /** Where INBOX is; a folder `A/B` is in `.A.B` there. */
  readonly maildir: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and removes everything. */
  close(): Promise<void>;
}

interface Settings {
  /** Whether it speaks TLS at all. */
  readonly tls?: boolean;
  /** Where it can ask about OAuth2 tokens: a URL a token is appended to. */
  readonly tokenInfoUrl?: string;
}

export async function startDovecot({ tls = true, tokenInfoUrl }: Settings = {}): Promise<Dovecot> {
  const directory = await makeTempDir();
  await chmod(directory, 0o755);
  const user = 'monitoring';
  const password = randomBytes(12).toString('hex');
  const maildir = join(directory, 'home', 'Maildir');
  await makeMaildir(maildir, mailOwner);
  await chown(join(directory, 'home'), mailOwner.uid, mailOwner.gid);
  const ports = { port: await findFreePort(), tlsPort: await findFreePort() };
  const authority = new Authority();
  const { cert, key } = authority.issueServer({ name: 'localhost', names: ['127.0.0.1'] });
  const files = {
    'ca.pem': authority.cert,
    'cert.pem': cert,
    'key.pem': key,
    users: `${user}:{PLAIN}${password}\n`,
    password: `${password}\n`,
    'oauth2.conf': `tokeninfo_url = ${tokenInfoUrl}\nusername_attribute = user\n`,
    'dovecot.conf': toConfiguration(directory, ports, { tls, tokenInfoUrl }),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), text, { mode: 0o640 });
  }
  const dovecot = new RunningDovecot(directory, ports.port);
  await dovecot.start();
  return {
    ...ports,
    user,
    password,
    passwordFile: join(directory, 'password'),
    ca: join(directory, 'ca.pem'),
    directory,
    maildir,
    start: () => dovecot.start(),
    stop: () => dovecot.stop(),
    close: async () => {
      await dovecot.stop();
      await removeTempDir(directory);
    },
  };
}

class RunningDovecot {
  readonly #directory: string;
  readonly #port: number;
  #daemon: Daemon | undefined;

  constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
  }

  async start(): Promise<void> {
    const args = ['-F', '-c', join(this.#directory, 'dovecot.conf')];
    this.#daemon = await startDaemon('dovecot', args, { port: this.#port, host: '127.0.0.1' });
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }
}

interface Ports {
  readonly port: number;
  readonly tlsPort: number;
}

/** For Dovecot 2.3. */
function toConfiguration(
  directory: string,
  { port, tlsPort }: Ports,
  { tls, tokenInfoUrl }: { tls: boolean; tokenInfoUrl: string | undefined },
): string {
  const oauth = `passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${directory}/oauth2.conf
}`;
  return `
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = root
default_login_user = dovenull
disable_plaintext_auth = ${tls ? 'yes' : 'no'}
ssl = ${tls ? 'required' : 'no'}
ssl_cert = <${directory}/cert.pem
ssl_key = <${directory}/key.pem
auth_mechanisms = plain login${tokenInfoUrl === undefined ? '' : ' xoauth2 oauthbearer'}
auth_failure_delay = 0 secs
mail_max_userip_connections = 100
login_trusted_networks =
${tokenInfoUrl === undefined ? '' : oauth}
passdb {
  driver = passwd-file
  args = ${directory}/users
}
userdb {
  driver = static
  args = uid=${mailOwner.uid} gid=${mailOwner.gid} home=${directory}/home
}
mail_location = maildir:~/Maildir
first_valid_uid = 1
last_valid_uid = 0
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tls ? tlsPort : 0}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`;
}
