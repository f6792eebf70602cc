/**
 * The script that makes a host one that updates itself: one function, called in the last line, so
 * that a part of it does nothing. It is run over ssh or by hand, and holds a token: whoever has it
 * can register as the host until it was used.
 */

import { CourierError, quote } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { courierLaunch, courierUpdate } from '../packages/host-files.ts';
import { sha256Of } from '../repository/by-digest.ts';

export interface Installation {
  readonly host: HostName;
  /** Where the host asks, such as `https://monitor.example:8444/mysite`. */
  readonly server: string;
  /** The newest root, with its signatures. */
  readonly root: Buffer;
  readonly token: string;
  /** When the token is of no use any more, ISO 8601. */
  readonly expiresAt: string;
  /** What the plan has for the host; `linux-tgz` where it has nothing yet. */
  readonly platform: string;
  /** SHA-256 of the certificate to trust, 64 hex digits; undefined to trust authorities. */
  readonly fingerprint: string | undefined;
  readonly allowHttp: boolean;
}

/** @throws CourierError USAGE for a server no line of a shell can name */
export function writeInstaller(installation: Installation): string {
  const { expiresAt, host, platform, root, server, token } = installation;
  const options = [
    `--host=${host}`,
    `--server=${server}`,
    `--platform=${platform}`,
    ...(installation.allowHttp ? ['--allow-http=yes'] : []),
    ...(installation.fingerprint === undefined
      ? []
      : ['--trust-cert', `--fingerprint=${installation.fingerprint}`]),
  ];
  return [
    '#!/bin/sh',
    `# Makes ${host} a host whose agent is kept up to date: run it there as root, once, before`,
    `# ${expiresAt}. It holds a token: keep it to yourself, and remove it afterwards.`,
    `# SHA-256 of the root: ${sha256Of(root)}`,
    '',
    ...toFunction('courier_update_text', courierUpdate()),
    ...toFunction('courier_launch_text', courierLaunch()),
    ...toFunction('root_text', root.toString('latin1')),
    ...toFunction('token_text', `${token}\n`),
    ...body(options.map(quoteWord)),
  ].join('\n');
}

/** Nothing of the text is run: it stands between single quotes, a line an argument. */
function toFunction(name: string, text: string): readonly string[] {
  if (!text.endsWith('\n'))
    throw new CourierError('INTERNAL', `${name} does not end in a line end`);
  const lines = text.slice(0, -1).split('\n');
  return [`${name}() {`, "    printf '%s\\n' \\", ...lines.map(toArgument), '}', ''];
}

function toArgument(line: string, index: number, lines: readonly string[]): string {
  return `${quoteText(line)}${index === lines.length - 1 ? '' : ' \\'}`;
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function quoteWord(word: string): string {
  if (/^[\x21-\x7e]+$/.test(word)) return quoteText(word);
  throw new CourierError('USAGE', `must be ASCII without blanks, not ${quote(word)}`);
}

/** The directory is nobody else's before the token is written to it. */
function body(options: readonly string[]): readonly string[] {
  return `install_agent() {
    set -eu
    umask 077
    if [ "$(id -u)" != 0 ]; then
        echo 'courier-installer: this has to be run as root' >&2
        exit 4
    fi
    place=/opt/cmk-courier
    for option in "$@"; do
        case $option in --base=*) place=\${option#--base=} ;; esac
    done
    [ -d "$place" ] || (umask 022 && mkdir -p "$place")
    case $(ls -ldn "$place" | awk '{ print $3, $1 }') in
        '0 'd????-??-*) ;;
        *)
            echo "courier-installer: others than root may write to $place" >&2
            exit 4
            ;;
    esac
    place=$place/.installer.$$
    mkdir -m 700 "$place"
    trap 'rm -rf "$place"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    courier_update_text >"$place/courier-update"
    courier_launch_text >"$place/courier-launch"
    root_text >"$place/root"
    token_text >"$place/token"
    sh "$place/courier-update" register "$@" --root="$place/root" --token-file="$place/token" \\
        ${options.join(' ')} </dev/null
    rm -f "$place/token"
    sh "$place/courier-update" install "$@" </dev/null
}

# All of it is here: only now anything is done.
install_agent "$@"
`.split('\n');
}
