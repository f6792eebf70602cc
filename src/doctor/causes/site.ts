/** Causes in the site: programs and rules, what is pushed to it, and its receiver. */

import { cause } from './cause.ts';

export const siteCauses = {
  'push-stale': cause('STALE', 'host', 'the host pushes, and nothing has come for too long', {
    host: 'cmk-agent-ctl status; systemctl status cmk-agent-ctl-daemon.service',
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
