/**
 * What a form says beyond the option tables: titles, groups, checks of texts, and which fields go
 * together. An option that is not mentioned here has a field nevertheless.
 */

/** Checks of agents/checkmk/cmk_courier/checks.py. */
export interface TextNote {
  readonly check: string;
  /** An example, shown in the empty field. */
  readonly hint: string;
  /** Whether macros of the host are replaced in it. */
  readonly macros?: true;
}

/** What a form says of options beyond their table, each by the name of the option. */
export interface Notes {
  readonly texts: Readonly<Record<string, TextNote>>;
  readonly titles: Readonly<Record<string, string>>;
  readonly prefills: Readonly<Record<string, string>>;
  /** In the place of what the table says. */
  readonly helps?: Readonly<Record<string, string>>;
  /** What is needed though the table does not say so, such as one of two options for a secret. */
  readonly required?: readonly string[];
  /** Options that are none of the form, with the reason. */
  readonly leftOut?: Readonly<Record<string, string>>;
}

/** By the name of the option; any other text is one line. */
export const textNotes: Readonly<Record<string, TextNote>> = {
  user: { check: 'user', hint: 'monitoring', macros: true },
  header: { check: 'header', hint: 'X-Tenant: web', macros: true },
  tlsPin: { check: 'pin', hint: `sha256:${'0123456789abcdef'.repeat(4)}` },
  tlsServerName: { check: 'server_name', hint: 'depot.example' },
  proxy: { check: 'proxy', hint: 'http://proxy.example:3128' },
  proxyJump: { check: 'logins', hint: 'monitor@gate.example:2222' },
  sshKex: { check: 'algorithms', hint: 'diffie-hellman-group14-sha1' },
  sshHostKeys: { check: 'algorithms', hint: 'ssh-rsa' },
  sshCiphers: { check: 'algorithms', hint: 'aes256-cbc' },
  sshMacs: { check: 'algorithms', hint: 'hmac-md5' },
  rsyncPath: { check: 'program', hint: 'sudo -n rsync' },
  uuid: { check: 'uuid', hint: '01234567-89ab-4cde-8f01-23456789abcd' },
  mailFrom: { check: 'pattern', hint: 'root@{host}.example.com', macros: true },
  mailSubject: { check: 'pattern', hint: 'Checkmk {host}', macros: true },
  mailTo: { check: 'pattern', hint: 'checkmk+{host}@*', macros: true },
  mailOlder: { check: 'older', hint: 'move:Old' },
  stream: { check: 'stream', hint: 'COURIER' },
  clientIdPrefix: { check: 'one_line', hint: 'cmk-courier-' },
  sections: { check: 'section_pattern', hint: 'lnx_*' },
};

/** What a form proposes, where that is not what the program does by itself. */
const prefills: Readonly<Record<string, string>> = {
  grace: '30m',
  report: 'section',
  ownService: 'section',
  multiplex: '10m',
};

/** Where the words of the option's name make no good title. */
const titles: Readonly<Record<string, string>> = {
  user: 'User',
  token: 'Bearer token',
  oauthToken: 'OAuth2 access token',
  header: 'Request headers',
  headerFile: 'Files with secret request headers',
  cert: 'Client certificate',
  key: 'Private key of the certificate',
  keyPassword: 'Passphrase of the private key',
  ca: 'Certificate authorities',
  tlsPin: 'Pins of the public key',
  tlsServerName: 'Name in the certificate',
  insecure: 'Accept any certificate',
  proxyPassword: 'Password for the proxy',
  redirects: 'Redirects to follow',
  requireLength: 'Require the length of the response',
  family: 'Version of the internet protocol',
  requireSha256: 'Require a checksum',
  sshKey: 'Private key for the login',
  knownHosts: 'File with host keys',
  proxyJump: 'Through other hosts',
  multiplex: 'Keep the connection',
  sshLegacy: 'Old algorithms of SSH',
  sshKex: 'Key exchange methods',
  sshHostKeys: 'Types of host keys',
  sshCiphers: 'Ciphers',
  sshMacs: 'MACs',
  rsyncPath: 'rsync on the host',
  policy: 'Which answers are accepted',
  uuid: 'UUID of the agent controller',
  treatAsUnregistered: 'Treat as not registered',
  siteCert: 'Certificate of the site',
  agentCa: 'Authorities of agents',
  receiverState: 'State of the receiver',
  receiverCertificates: 'Certificates of the receiver',
  passphrase: 'Passphrase of the agent',
  mailFrom: 'Sender of the mail',
  mailSubject: 'Subject of the mail',
  mailTo: 'Recipient of the mail',
  mailOlder: 'Older mail',
  allowPlaintext: 'Allow plain text',
  stream: 'Stream',
  leader: 'Ask the leader of the stream',
  nkey: 'Seed of an NKey',
  credentials: 'Credentials (.creds)',
  tlsFirst: 'Begin with TLS',
  stdin: 'Standard input of the program',
  deadline: 'Time for all sources together',
  timeout: 'Time for each source',
  maxAge: 'Age of the output',
  maxSkew: 'Clock ahead of ours',
  maxSize: 'Size of the output',
  pick: 'Which output counts',
  grace: 'Grace',
  report: 'Report',
  lenient: 'Be lenient',
  strict: 'Be strict',
  piggyback: 'Piggyback data',
  sections: 'Sections',
  spool: 'Where the last good output is kept',
  routes: 'Routes file',
};

export function hasTitle(name: string, notes: Notes): boolean {
  return Object.hasOwn(notes.titles, name);
}

/** `headerTimeout` → `Header timeout`. */
export function titleOf(name: string, notes: Notes): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return notes.titles[name] ?? `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

/** Groups of fields of a source, and of the rules for all of them; the first that fits counts. */
export const groups: readonly (readonly [title: string, keys: RegExp])[] = [
  ['Which system', /^(server|hosts|hostname|port|proto|direct)$/],
  [
    'Login',
    /^(user|username|password|secret|token|oauth_token|header|header_file|ssh_key|known_hosts|passphrase)$/,
  ],
  [
    'Encryption',
    /^(cert|key|key_password|ca|tls_.*|insecure|no_cert_check|cert_server_name|allow_plaintext|policy|uuid|treat_.*|site_cert|agent_ca|receiver_.*)$/,
  ],
  ['Which mail', /^mail_/],
  ['What is asked for', /^(modules|fetched_resources|values|cluster_health|nodes|stat)$/],
  ['Hosts and their states', /^(spaces|piggyback_hosts|not_connected|(skip|vm|host|snap).*_.*)$/],
  ['The way there', /^(proxy.*|family|multiplex|redirects|rsync_path|ssh_.*)$/],
  ['Time', /(^|_)(timeout|deadline|max_age|max_skew)$/],
  ['What passes', /^(max_size|piggyback|sections|lenient|strict|seal|require_.*)$/],
  ['When sources fail', /^(pick|grace|spool|report)$/],
  ['More', /./],
];

/** Words of choices in words. */
const choiceTitles: Readonly<Record<string, string>> = {
  first: 'That of the first source that has any',
  freshest: 'The newest of all sources',
  none: 'None',
  local: 'As a local check, for sites without the package',
  section: 'As a section for the service “Agent courier”',
  both: 'As both, for sites with the package and without',
  enrolled: 'As the enrolment of the host says',
  required: 'Always sealed',
  tls_encrypted_only: 'TLS only',
  any_encrypted: 'Any that is encrypted',
  any_and_plain: 'Any, also in plain text',
  '4': 'IPv4 only',
  '6': 'IPv6 only',
  'own_service=section': 'The plug-ins of the package: the service “Agent NAME”',
  'own_service=local': 'A local check, for sites without the package',
  'own_service=none': 'Nobody',
  https: 'HTTPS',
  http: 'HTTP, in plain text',
  cut: 'The first word alone',
  underscore: 'With underscores for the blanks',
  alias: 'Their name in the inventory',
  hostname: 'What the guest calls itself',
  vm: 'By the virtual machine',
  esxhost: 'By the ESXi host',
  host: 'By the host asked',
  'first-word': 'The first word alone, as the agent of Checkmk has it',
  whole: 'The whole name',
};

/** What a word of a choice is called; `qtree_quota` → `Qtree quota`. */
export function titleOfChoice(key: string, word: string): string {
  const words = word.replaceAll('_', ' ');
  const title = choiceTitles[`${key}=${word}`] ?? choiceTitles[word];
  return title ?? `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

/** Options of `fetch` that are none of the form, and why. */
export const leftOut = {
  host: 'the rule is for hosts of Checkmk: their name is filled in',
  address: 'the address of the host is filled in',
  tags: 'the tags of the host are filled in',
} as const;

/** Of sources, and of the rules for all of them. */
export const fetchNotes: Notes = { texts: textNotes, titles, prefills, leftOut };

/** Fields of a source that go together; Python expressions over checks.py, a line each. */
export const togetherness: Readonly<Record<string, readonly string[]>> = {
  http: [
    'checks.needs("password", "user", Message("A password needs a user."))',
    'checks.needs("user", "password", Message("A user needs a password."))',
    'checks.excludes("token", "user", Message("A token stands in for user and password."))',
    'checks.needs("key", "cert", Message("A private key needs its certificate."))',
    'checks.needs("key_password", "cert", Message("A passphrase needs a certificate."))',
    'checks.excludes("insecure", "ca", Message("Any certificate, or some authorities?"))',
    'checks.needs("proxy_password", "proxy", Message("A password needs a proxy."))',
    'checks.proxy_user_and_password',
    'checks.only_with("https:", _TLS_FIELDS, Message("Encryption needs an https: source."))',
    'checks.not_with("http+unix:", ("proxy", "family"), Message("No network, no proxy."))',
  ],
  tcp: [
    'checks.excludes("treat_as_unregistered", "uuid", Message("Is it registered?"))',
    'checks.excludes("treat_as_unregistered", "receiver_state", Message("Which?"))',
  ],
  ssh: ['checks.no_jump_over_kept_connection'],
  sftp: ['checks.no_jump_over_kept_connection'],
  rsync: ['checks.no_jump_over_kept_connection'],
  imap: [
    'checks.mail_user',
    'checks.mail_of_host',
    'checks.one_of("password", "oauth_token", Message("A password or a token is needed."))',
    'checks.not_with("imaps:", ("allow_plaintext",), Message("imaps: is always encrypted."))',
  ],
  maildir: ['checks.mail_of_host'],
  mqtt: [
    'checks.broker_user',
    'checks.needs("key", "cert", Message("A private key needs its certificate."))',
    'checks.needs("key_password", "cert", Message("A passphrase needs a certificate."))',
    'checks.excludes("insecure", "ca", Message("Any certificate, or some authorities?"))',
    'checks.only_with("mqtts:", _TLS_FIELDS, Message("Encryption needs an mqtts: source."))',
  ],
  nats: [
    'checks.needs("password", "user", Message("A password needs a user."))',
    'checks.needs("user", "password", Message("A user needs a password."))',
    'checks.needs("key", "cert", Message("A private key needs its certificate."))',
    'checks.needs("key_password", "cert", Message("A passphrase needs a certificate."))',
    'checks.excludes("insecure", "ca", Message("Any certificate, or some authorities?"))',
    'checks.excludes("allow_plaintext", "tls_first", Message("Encrypted, or not?"))',
    'checks.at_most_one("user", "token", "nkey", "credentials")',
  ],
};

/** Of what kind of source the form speaks, and an example. */
export const sourceNotes: Readonly<Record<string, readonly [title: string, hint: string]>> = {
  http: ['A web server', 'https://depot.example/agent/{host}'],
  file: ['A file on this machine', '/var/drops/{host}/'],
  rsync: ['A file, through rsync', 'rsync://depot.example/drops/{host}'],
  tcp: ['The agent port', 'tcp://{address}:6556'],
  ssh: ['A command, through SSH', 'ssh://monitor@{address}'],
  sftp: ['A file, through SFTP or scp', 'sftp://monitor@{address}/var/spool/{host}'],
  imap: ['A mailbox', 'imaps://checkmk@mail.example/INBOX'],
  maildir: ['A Maildir on this machine', 'maildir:///var/mail/checkmk/Maildir'],
  mqtt: ['An MQTT broker', 'mqtts://broker.example/courier/{host}'],
  spool: ['What was stored last', 'spool:'],
  nats: ['A broker, NATS JetStream', 'nats://broker.example/SITE/{host}'],
  exec: ['A program on this machine', 'exec:/usr/lib/vendor/agent?arg=--host&arg={host}'],
  agent: ['A recipe of your own, by its name', 'agent:own_product'],
};
