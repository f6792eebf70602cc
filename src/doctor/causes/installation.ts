/** Causes in the courier's own installation, which `doctor site` looks at. */

import { cause } from './cause.ts';

export const installationCauses = {
  'own-program-open': cause('CONFIG', 'site', 'others may change the executable', {
    site: 'ls -ld the entry that is named; chmod go-w it',
  }),
  'own-program-gone': cause('LOCAL', 'site', 'the executable that runs was replaced or removed', {
    site: 'omd restart cmk-courier-collect; omd restart cmk-courier-receive',
  }),
  'own-place-open': cause('CONFIG', 'site', 'others may change what the courier believes', {
    site: 'chmod go-w the entry that is named',
  }),
  'own-place-unwritable': cause('LOCAL', 'site', 'the courier may not write to its own directory', {
    site: 'ls -ld the directory; it has to belong to the user of the site',
  }),
  'own-routes-wrong': cause('CONFIG', 'site', 'the routes file has mistakes', {
    site: 'cmk-courier routes validate',
  }),
  'own-secret-unusable': cause(
    'CONFIG',
    'site',
    'a password or key file of a route cannot be used',
    {
      site: 'look at the file, or at Setup > Passwords',
    },
  ),
  'own-certificate-wrong': cause('CONFIG', 'site', 'the certificates of the receiver do not fit', {
    site: 'cmk-courier certs show',
  }),
  'own-certificate-expires': cause('CONFIG', 'site', 'a certificate of the receiver expires', {
    site: 'cmk-courier certs server && omd reload cmk-courier-receive',
  }),
  'own-certificate-outdated': cause(
    'CONFIG',
    'site',
    'the receiver uses another certificate than its directory has',
    {
      site: 'omd reload cmk-courier-receive',
    },
  ),
  'own-collector-wrong': cause('CONFIG', 'site', 'the collector would not start with its options', {
    site: 'cmk-courier collect --check',
  }),
  'own-collector-outdated': cause(
    'CONFIG',
    'site',
    'the collector runs with other options than its file has',
    {
      site: 'omd restart cmk-courier-collect',
    },
  ),
  'own-collector-off': cause('UNREACHABLE', 'site', 'the collector does not run', {
    site: 'omd start cmk-courier-collect',
  }),
  'own-collector-unwell': cause(
    'LOCAL',
    'site',
    'the collector runs, and something keeps it from its work',
    {
      site: 'cmk-courier status',
    },
  ),
  'own-way-away': cause(
    'UNREACHABLE',
    'site',
    'a broker, receiver, relay or pool that the courier works with is away',
    {
      site: 'cmk-courier status, or status --relays; cmk-courier broker check SERVER tells of a broker',
    },
  ),
  'own-receiver-wrong': cause(
    'CONFIG',
    'site',
    'the receiver would not start with its configuration',
    {
      site: 'cmk-courier receive --check --config=$OMD_ROOT/etc/cmk-courier/receiver.yaml',
    },
  ),
  'own-receiver-off': cause('UNREACHABLE', 'site', 'the receiver does not run', {
    site: 'omd start cmk-courier-receive',
  }),
  'own-receiver-unwell': cause('LOCAL', 'site', 'the receiver runs, and cannot do its work', {
    site: 'tail $OMD_ROOT/var/log/cmk-courier-receive.log',
  }),
  'own-spool-broken': cause('LOCAL', 'site', 'the spool had files that were torn or foreign', {
    site: 'ls -l $OMD_ROOT/var/cmk-courier/spool/broken',
  }),
  'own-disk-full': cause('LOCAL', 'site', 'there is no room for the spool', {
    site: 'df -h $OMD_ROOT; df -i $OMD_ROOT',
  }),
  'own-memory-full': cause('LOCAL', 'site', 'there is no room in memory to lay output ready', {
    site: 'df -h $OMD_ROOT/tmp',
  }),
  'own-clock-wrong': cause('LOCAL', 'site', 'the clock of this machine is wrong', {
    site: 'timedatectl set-ntp true',
  }),
  'own-few-files': cause('LOCAL', 'site', 'few files may be open at once', {
    site: 'raise "nofile" in /etc/security/limits.d, or LimitNOFILE of the unit',
  }),
  'own-versions-differ': cause('LOCAL', 'site', 'parts of different versions are installed', {
    site: 'install all parts of one version; restart the collector and the receiver',
  }),
} as const;
