/** The parts of a package and where a site unpacks them: docs/protocol/checkmk-packages.md#parts */

export interface Part {
  /** Below `~/local`, but for rule packs. */
  readonly folder: string;
  /** Newer versions of the site do not look into it. */
  readonly isOutdated?: true;
  /** Files in it are programs, or only those in folders of that name. */
  readonly programs?: true | 'libexec';
}

const known: Readonly<Record<string, Part>> = {
  cmk_addons_plugins: { folder: 'lib/python3/cmk_addons/plugins', programs: 'libexec' },
  cmk_plugins: { folder: 'lib/python3/cmk/plugins', programs: 'libexec' },
  bin: { folder: 'bin', programs: true },
  lib: { folder: 'lib' },
  agents: { folder: 'share/check_mk/agents' },
  notifications: { folder: 'share/check_mk/notifications' },
  alert_handlers: { folder: 'share/check_mk/alert_handlers' },
  gui: { folder: 'lib/python3/cmk/gui/plugins' },
  web: { folder: 'share/check_mk/web' },
  agent_based: { folder: 'lib/python3/cmk/base/plugins/agent_based', isOutdated: true },
  checks: { folder: 'share/check_mk/checks', isOutdated: true },
  inventory: { folder: 'share/check_mk/inventory', isOutdated: true },
  checkman: { folder: 'share/check_mk/checkman', isOutdated: true },
  locales: { folder: 'share/check_mk/locale' },
  doc: { folder: 'share/doc/check_mk' },
  'pnp-templates': { folder: 'share/check_mk/pnp-templates', isOutdated: true },
  mibs: { folder: 'share/snmp/mibs' },
  ec_rule_packs: { folder: 'event console rule packs' },
};

export function findPart(name: string): Part | undefined {
  return Object.hasOwn(known, name) ? known[name] : undefined;
}
