/** Causes in what both sides believe of each other: encryption, registration, certificates. */

import { cause } from './cause.ts';

export const trustCauses = {
  'legacy-plain': cause('REFUSED', 'host', 'the agent answers in plain text where TLS is wanted', {
    host: 'cmk-agent-ctl status; cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER',
    site: 'cmk-courier doctor {host} --only=registration --facts',
  }),
  'legacy-encrypted': cause(
    'REFUSED',
    'host',
    'the agent encrypts by itself, where TLS is wanted or no passphrase is known',
    { site: 'name --passphrase-file=FILE', host: 'register the host, and remove encryption.cfg' },
  ),
  'passphrase-wrong': cause('REFUSED', 'site', 'the passphrase does not open the output', {
    site: 'compare the passphrase of the rule with the one of the agent',
    host: 'see PASSPHRASE in /etc/check_mk/encryption.cfg',
  }),
  'not-registered': cause(
    'REFUSED',
    'site',
    'the host wants TLS, and this site has no registration of it',
    {
      host: 'cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER',
    },
  ),
  'registered-elsewhere': cause('REFUSED', 'site', 'the registration is that of another host', {
    host: 'cmk-agent-ctl delete-all; cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER',
  }),
  'trust-taken-over': cause('REFUSED', 'site', 'two hosts are registered with the same UUID', {
    host: 'cmk-agent-ctl delete-all; cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER',
  }),
  'uuid-unknown': cause(
    'REFUSED',
    'host',
    'the host does not have the UUID that the site has for it',
    {
      host: 'cmk-agent-ctl status; register the host anew if the UUID is another one',
    },
  ),
  'issuer-other-site': cause(
    'REFUSED',
    'host',
    'the certificate of the agent is from another site',
    {
      host: 'cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER',
      site: 'openssl storeutl -noout -text -certs $OMD_ROOT/etc/ssl/agent_cert_store.pem | grep Subject:',
    },
  ),
  'certificate-expired': cause(
    'REFUSED',
    'host',
    'a certificate has expired, or the clock is ahead',
    {
      host: 'date; cmk-agent-ctl status; cmk-agent-ctl renew-certificate SITE',
      site: 'date',
    },
  ),
  'certificate-not-yet': cause(
    'REFUSED',
    'host',
    'a certificate is not valid yet: a clock is wrong',
    {
      host: 'date; timedatectl',
      site: 'date; timedatectl',
    },
  ),
  'clock-wrong': cause('LOCAL', 'host', 'the clocks of both sides differ', {
    host: 'timedatectl set-ntp true',
    site: 'timedatectl',
  }),
  'tls-version': cause('REFUSED', 'host', 'both sides have no TLS version in common', {
    host: 'update the agent; the site wants TLS 1.2 or newer',
  }),
  'client-certificate-refused': cause(
    'REFUSED',
    'host',
    'the host does not accept the certificate of this site',
    { host: 'cmk-agent-ctl register --hostname {host} --server SERVER --site SITE --user USER' },
  ),
  'push-host-pulled': cause('REFUSED', 'site', 'the host pushes, and Checkmk asks it on its port', {
    site: 'set "Checkmk agent connection mode" of {host} to push, or register it for pull',
  }),
  'pull-host-silent': cause(
    'UNREACHABLE',
    'host',
    'the host is to be asked, and listens only for push',
    {
      host: 'cmk-agent-ctl status',
      site: 'set "Checkmk agent connection mode" of {host}, activate, and register it again',
    },
  ),
} as const;
