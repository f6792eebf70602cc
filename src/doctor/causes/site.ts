/** Causes in the site: programs and rules, what is pushed to it, and its receiver. */

import { cause } from './cause.ts';

export const siteCauses = {
  'push-stale': cause('STALE', 'host', 'the host pushes, and nothing has come for too long', {
    host: 'cmk-agent-ctl status; systemctl status cmk-agent-ctl-daemon.service',
  }),
  'push-unauthenticated': cause(
    'REFUSED',
    'host',
    'the receiver does not let the host in: its token, password or certificate is not accepted',
    {
      host: 'compare the token or password of courier-send; cmk-agent-ctl status',
      site: 'cmk-courier hosts list; cmk-courier hosts token PATTERN makes a new one',
    },
  ),
  'push-forbidden': cause(
    'REFUSED',
    'site',
    'the receiver knows the sender, and does not let it write for this host',
    { site: 'cmk-courier hosts list' },
  ),
  'push-unregistered': cause(
    'REFUSED',
    'host',
    'the host pushes with a registration that the receiver does not have',
    {
      host: 'cmk-agent-ctl delete-all; cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER',
      site: 'activate the changes, also on the remote site that monitors {host}',
    },
  ),
  'push-not-allowed': cause(
    'REFUSED',
    'site',
    'the host pushes, and the site does not have it as one that does',
    {
      site: 'set "Checkmk agent connection mode" of {host} to push, activate, and register it again',
    },
  ),
  'push-other-uuid': cause(
    'REFUSED',
    'host',
    'the certificate of the host and what it asks for have different UUIDs',
    {
      host: 'cmk-agent-ctl delete-all; cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER',
    },
  ),
  'register-wrong-site': cause(
    'REFUSED',
    'site',
    'the host registers at another site than the one that monitors it',
    {
      host: 'cmk-agent-ctl register with the --site that monitors {host}',
      site: 'see "Monitored on site" of {host} in Setup, and activate the changes',
    },
  ),
  'register-cluster': cause(
    'REFUSED',
    'site',
    'the host is a cluster, and only its nodes can register',
    {
      host: 'cmk-agent-ctl register with the --hostname of the node',
    },
  ),
  'register-edition': cause(
    'REFUSED',
    'site',
    'this edition of the site does not register new hosts by themselves',
    {
      host: 'cmk-agent-ctl register in place of register-new',
      site: 'create {host} in Setup',
    },
  ),
  'push-refused': cause('MALFORMED', 'host', 'the receiver refuses what the host sends', {
    host: 'cmk-agent-ctl dump | head -1; check_mk_agent | tail -1',
    site: 'cmk-courier check FILE',
  }),
  'push-not-taken': cause('LOCAL', 'site', 'the receiver cannot take what hosts send', {
    site: 'cmk-courier doctor site',
  }),
  'receiver-off': cause('LOCAL', 'site', 'the receiver of this site is switched off', {
    site: 'omd config set AGENT_RECEIVER on',
  }),
  'receiver-unreachable': cause('UNREACHABLE', 'path', 'the receiver does not answer', {
    site: 'omd status agent-receiver',
    host: 'courier-doctor --site=SERVER/SITE',
  }),
  'receiver-certificate': cause(
    'REFUSED',
    'site',
    'the certificate of the receiver is not accepted',
    {
      site: 'cmk-courier certs show; or renew the certificate of the site',
    },
  ),
  'discovery-fails': cause('PEER', 'site', 'hosts are not told the port of the receiver', {
    site: 'cmk-agent-ctl register --server SERVER:PORT needs no discovery; else look at the web server of the site',
  }),
  'proxy-in-the-way': cause('UNREACHABLE', 'path', 'a proxy stands between the host and the site', {
    host: 'unset https_proxy; or leave out --detect-proxy',
  }),
  'program-missing': cause(
    'LOCAL',
    'site',
    'the program that Checkmk runs for the host is not there',
    {
      site: 'cmk -D {host} | grep -A2 Program',
    },
  ),
  'program-fails': cause('PEER', 'site', 'the program that Checkmk runs for the host fails', {
    site: 'cmk -vvd {host}',
  }),
  'program-timeout': cause(
    'TIMEOUT',
    'site',
    'the program that Checkmk runs for the host takes too long',
    {
      site: 'time cmk -d {host} >/dev/null',
    },
  ),
  'rule-missing': cause('CONFIG', 'site', 'no route or rule is for this host', {
    site: 'cmk-courier routes explain {host}',
  }),
  'rule-shadowed': cause(
    'CONFIG',
    'site',
    'the courier has a route for the host, and Checkmk runs another program for it',
    { site: 'cmk-courier rule show; move the rule of the courier above the other one in Setup' },
  ),
  'password-missing': cause('LOCAL', 'site', 'a password or key that is needed is not there', {
    site: 'cmk-courier routes test {host}',
  }),
  unexplained: cause('PEER', 'path', 'it does not work, and nothing that was looked at tells why', {
    site: 'cmk-courier doctor {host} --facts --deadline=60s',
    host: 'courier-doctor -v',
  }),
} as const;

const sourceSide = { site: 'cmk-courier routes test {host}' };

/** What went wrong with a source of a route, by its fault. */
export const sourceCauses = {
  'source-config': cause('CONFIG', 'site', 'a file of the source is wrong', sourceSide),
  'source-local': cause('LOCAL', 'site', 'the source needs what is missing here', sourceSide),
  'source-unreachable': cause('UNREACHABLE', 'path', 'the source is not reached', sourceSide),
  'source-timeout': cause('TIMEOUT', 'path', 'the source does not answer in time', sourceSide),
  'source-refused': cause(
    'REFUSED',
    'site',
    'the source does not let us in, or we do not trust it',
    sourceSide,
  ),
  'source-peer': cause('PEER', 'host', 'the source answers with a failure of its own', sourceSide),
  'source-no-output': cause(
    'NO_OUTPUT',
    'host',
    'the source has nothing for this host',
    sourceSide,
  ),
  'source-stale': cause('STALE', 'host', 'what the source has is too old', sourceSide),
  'source-too-large': cause('TOO_LARGE', 'host', 'the source has more than is allowed', sourceSide),
  'source-malformed': cause(
    'MALFORMED',
    'host',
    'what the source has is no agent output',
    sourceSide,
  ),
} as const;
