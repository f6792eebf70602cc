/** What the forms of special agents say beyond the option tables, each by the name of the option. */

import type { Field } from './fields.ts';
import { fetchNotes, type Notes, type TextNote, textNotes } from './notes.ts';

const system: TextNote = { check: 'system', hint: '{address}' };
const user: TextNote = { check: 'user', hint: 'monitoring', macros: true };
const serverName: TextNote = { check: 'server_name', hint: 'array.example' };

const texts: Readonly<Record<string, TextNote>> = {
  ...textNotes,
  hostname: system,
  hosts: system,
  server: { check: 'server', hint: 'vcenter.example' },
  username: user,
  certServerName: serverName,
  piggybackHosts: { check: 'host_glob', hint: 'db-*' },
  stat: { check: 'one_line', hint: 'logs-*' },
};

const titles: Readonly<Record<string, string>> = {
  ...fetchNotes.titles,
  server: 'Server',
  hostname: 'System',
  hosts: 'Nodes that are asked',
  proto: 'Protocol',
  direct: 'One ESXi host',
  username: 'User',
  secret: 'Password',
  noCertCheck: 'Accept any certificate',
  certServerName: 'Name in the certificate',
  modules: 'What is asked for',
  fetchedResources: 'What is asked for',
  values: 'What is asked for',
  clusterHealth: 'Health of the cluster',
  nodes: 'Statistics of nodes',
  stat: 'Statistics of indices',
  timeout: 'Silence of the server',
  runTimeout: 'Time for all questions',
  ownService: 'Who makes the service of the agent',
  piggybackHosts: 'Hosts it may speak for',
  spaces: 'Names with blanks',
  vmPiggyname: 'Names of virtual machines',
  vmPwrDisplay: 'Power states of virtual machines',
  hostPwrDisplay: 'Power states of ESXi hosts',
  skipPlaceholderVm: 'Leave out placeholders',
  snapshotsOnHost: 'Snapshots of an ESXi host',
  snapshotNames: 'Machines among the snapshots',
  notConnected: 'State of a port without a cable',
};

const helps: Readonly<Record<string, string>> = {
  piggybackHosts: 'Hosts it may speak for: names, or patterns such as db-*; all by default.',
  modules: 'What to ask for beside what the others need.',
};

/** What one agent says in other words than the rest. */
const byAgent: Readonly<Record<string, Partial<Notes>>> = {
  vsphere: {
    titles: { hostname: 'Name of the ESXi host' },
    texts: { hostname: { check: 'one_line', hint: 'esx1.example' } },
    required: ['secret'],
  },
};

/** All that is said of the options of an agent. */
export function agentNotes(
  name: string,
  { leftOut, required }: Required<Pick<Notes, 'leftOut' | 'required'>>,
): Notes {
  const own = byAgent[name] ?? {};
  return {
    texts: { ...texts, ...own.texts },
    titles: { ...titles, ...own.titles },
    prefills: fetchNotes.prefills,
    helps,
    leftOut,
    required: [...required, ...(own.required ?? [])],
  };
}

/** Where Setup lists the rule; others are among the general ones. */
export const topics: Readonly<Record<string, string>> = {
  vsphere: 'VIRTUALIZATION',
  netapp_ontap: 'STORAGE',
  '3par': 'STORAGE',
  elasticsearch: 'DATABASES',
  switch_cli: 'NETWORKING',
};

/** Fields that go together: Python over checks.py, for a form that has them all. */
const together: readonly (readonly [keys: readonly string[], line: string])[] = [
  [['key', 'cert'], 'checks.needs("key", "cert", Message("A private key needs its certificate."))'],
  [
    ['key_password', 'cert'],
    'checks.needs("key_password", "cert", Message("A passphrase needs a certificate."))',
  ],
  [
    ['no_cert_check', 'ca'],
    'checks.excludes("no_cert_check", "ca", Message("Any certificate, or some of them?"))',
  ],
  [
    ['proxy_password', 'proxy'],
    'checks.needs("proxy_password", "proxy", Message("A password needs a proxy."))',
  ],
  [['proxy_password', 'proxy'], 'checks.proxy_user_and_password'],
  [
    ['hostname', 'direct'],
    'checks.needs("hostname", "direct", Message("The name is for one ESXi host."))',
  ],
  [
    ['snapshots_on_host', 'direct'],
    'checks.needs("snapshots_on_host", "direct", Message("That is for one ESXi host."))',
  ],
  [['proto', 'ca'], 'checks.encrypted_only'],
];

const login = [
  'checks.needs("user", "secret", Message("A user needs a password."))',
  'checks.needs("secret", "user", Message("A password needs a user."))',
];

/** What a form as a whole has to be. */
export function togetherIn(fields: readonly Field[]): readonly string[] {
  const optional = fields.filter(({ required }) => required !== true).map(({ key }) => key);
  const keys = new Set(fields.map(({ key }) => key));
  const isOpen = ['user', 'secret'].every((key) => optional.includes(key));
  const lines = together.filter(([wanted]) => wanted.every((key) => keys.has(key)));
  return [...(isOpen ? login : []), ...lines.map(([, line]) => line)];
}
