/** Every command, by its name; loaded when it is chosen. */

import type { CommandCatalog } from '../cli/command.ts';

export const commands: CommandCatalog = {
  fetch: {
    summary: 'print the agent output of a host, from the first source that has it',
    load: async () => (await import('./fetch.ts')).fetch,
  },
  check: {
    summary: 'say what is wrong with agent output in a file or on stdin',
    load: async () => (await import('./check.ts')).check,
  },
  doctor: {
    summary: 'say why a host has no data, or what is wrong with the courier here',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  probe: {
    summary: 'say what answers on the agent port of a host',
    load: async () => (await import('./probe.ts')).probe,
  },
  routes: {
    summary: 'make, check, explain and try the file that says where output comes from',
    load: async () => (await import('./routes.ts')).routes,
  },
  agent: {
    summary: 'ask systems on which no agent can run, by recipe: REST APIs, dialogues',
    load: async () => (await import('./agent.ts')).agent,
  },
  collect: {
    summary: 'keep fetching every route that has an interval, and lay the output ready',
    load: async () => (await import('./collect.ts')).collect,
  },
  status: {
    summary: 'show how the hosts of the collector are, the worst first',
    load: async () => (await import('./status.ts')).status,
  },
  'page-token': {
    summary: 'say who may log in to the status page',
    load: async () => (await import('./page-token.ts')).pageToken,
  },
  hostcheck: {
    summary: 'say whether a host is up, by its agent output: a plug-in for host checks',
    load: async () => (await import('./hostcheck.ts')).hostcheck,
  },
  service: {
    summary: 'make the collector or the receiver a service of the site, or of systemd',
    load: async () => (await import('./service.ts')).service,
  },
  receive: {
    summary: 'take agent output that hosts send, and keep the newest of each',
    load: async () => (await import('./receive.ts')).receive,
  },
  broker: {
    summary: 'make, check and show the stream of NATS in which the newest outputs are',
    load: async () => (await import('./broker.ts')).broker,
  },
  setup: {
    summary: 'from an installed program to the first section of a host, step by step',
    load: async () => (await import('./setup.ts')).setup,
  },
  rule: {
    summary: 'show, make and remove the rules of Checkmk that run cmk-courier',
    load: async () => (await import('./rule.ts')).rule,
  },
  hosts: {
    summary: 'list, allow, deny and revoke hosts that send to the receiver, and make tokens',
    load: async () => (await import('./hosts.ts')).hosts,
  },
  adopt: {
    summary: 'make hosts in Checkmk of hosts that push to the receiver and are not there yet',
    load: async () => (await import('./adopt.ts')).adopt,
  },
  seals: {
    summary: 'say whose seal is believed for which host, and look into sealed drops',
    load: async () => (await import('./seals.ts')).seals,
  },
  updates: {
    summary: 'sign agents and their plug-ins, and hand them out to hosts that install them',
    load: async () => (await import('./updates.ts')).updates,
  },
  certs: {
    summary: 'make, show, renew and revoke the certificates of the receiver and its hosts',
    load: async () => (await import('./certs.ts')).certs,
  },
  package: {
    summary: 'say whether a package (.mkp) is what a Checkmk site can install',
    load: async () => (await import('./package.ts')).packageCommand,
  },
  completion: {
    summary: 'print what bash, zsh or fish need to complete command lines',
    load: async () => (await import('./completion.ts')).completion,
  },
  'ssh-trust': {
    summary: 'record the keys of hosts to be reached over ssh',
    load: async () => (await import('./ssh-trust.ts')).sshTrust,
  },
};
