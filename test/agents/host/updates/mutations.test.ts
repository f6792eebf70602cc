/**
 * Every step of the verification is there for something: without it, what a test offers is
 * installed, or goes unnoticed. Each is taken out of a copy of the script, and a world is made in
 * which exactly that step has to refuse.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sha256, signed, trusted, writeTarget } from '../../../peers/update-documents.ts';
import { startUpdateServer, type UpdateServer } from '../../../peers/update-server.ts';
import { Host, isLong } from './host.ts';
import { agentThatPrints, makeRelease, makeTar, type Package, updaterFile } from './packages.ts';

interface World {
  readonly host: Host;
  readonly server: UpdateServer;
}

interface Step {
  /** What the step is for. */
  readonly name: string;
  /** Text of the script that does it, and what takes its place. */
  readonly cut: string;
  readonly to?: string;
  /** What only this step refuses. */
  readonly spoil: (world: World) => void;
  readonly code: string;
  /** What it says, where another step would refuse the same. */
  readonly words?: string;
}

const release = makeRelease('1', [
  {
    path: 'bin/courier-update',
    mode: 0o755,
    content: '#!/bin/sh\nprintf "%s ok\\n" state root server\n',
  },
]);
const past = '20250101000000';

const steps: readonly Step[] = [
  {
    name: 'as many keys as have to sign',
    cut: '[ "$signed" -ge "$3" ] || {',
    to: 'true || {',
    code: 'E-SIGNATURE',
    spoil: signStampBy('stranger'),
  },
  {
    name: 'signatures as long as their keys',
    cut: 'case $r_sizes in *" $id:$bytes "*) ;; *) continue ;; esac',
    code: 'E-SIGNATURE',
    spoil: spoilBody((body) => Buffer.concat([body, Buffer.from('AAAA\n')])),
  },
  {
    name: 'the verdict of openssl',
    cut: '    [ "$verdict" = \'Verified OK\' ] || continue\n',
    code: 'E-SIGNATURE',
    spoil: ({ host, server }) => {
      host.offer(release);
      server.fail('check', { kind: 'flip', at: 40 });
      host.path = host.substitute(
        'openssl',
        'case "$*" in *-verify*) "/usr/bin/openssl" "$@" >/dev/null; echo "Verification OK"; exit 0 ;; esac',
        'exec /usr/bin/openssl "$@"',
      );
    },
  },
  {
    name: 'the exit status of openssl',
    cut: '"$work/doc.payload" 2>/dev/null) || continue',
    to: '"$work/doc.payload" 2>/dev/null)',
    code: 'E-SIGNATURE',
    spoil: ({ host, server }) => {
      host.offer(release);
      server.fail('check', { kind: 'flip', at: 40 });
      host.path = host.substitute(
        'openssl',
        'case "$*" in *-verify*) echo "Verified OK"; exit 1 ;; esac',
        'exec /usr/bin/openssl "$@"',
      );
    },
  },
  {
    name: 'a key counts once',
    cut: '        case $signers in *" $id "*) continue ;; esac\n',
    code: 'E-SIGNATURE',
    spoil: twoKeysWanted(['release-a', 'release-a']),
  },
  {
    name: 'the keys of a role',
    cut: '"$r_release" "$r_threshold_release" target',
    to: '"$r_release$r_stamp" "$r_threshold_release" target',
    code: 'E-SIGNATURE',
    spoil: ({ host, server }) => {
      server.repository.releaseKeys = ['stamp-a'];
      host.offer(release);
    },
  },
  {
    name: 'foreign bytes',
    cut: '[ "$(tr -d \'\\012\\040-\\176\' <"$1" | wc -c)" -eq 0 ] || {',
    to: 'true || {',
    words: 'bytes that it must not have',
    code: 'E-FORMAT',
    spoil: spoilBody((body) => Buffer.concat([body.subarray(0, -1), Buffer.from('\t\n')])),
  },
  {
    name: 'the last line feed',
    cut: '[ -s "$1" ] && [ -z "$(tail -c 1 "$1")" ] || {',
    to: 'true || {',
    code: 'E-FORMAT',
    spoil: spoilBody((body) => body.subarray(0, -1)),
  },
  {
    name: 'one marker',
    cut: '/^--/ { if (marker || $0 != "-- signatures") bad("more than one marker"); marker = 1; next }',
    to: '/^--/ { marker = 1; next }',
    code: 'E-FORMAT',
    spoil: spoilBody((body) => Buffer.concat([body, Buffer.from('-- signatures\n')])),
  },
  {
    name: 'canonical base64',
    cut: 'if (!is_canonical(text, short)) bad("a signature that is not base64")',
    code: 'E-FORMAT',
    spoil: spoilBody((body) =>
      Buffer.from(body.toString('latin1').replace(/(\S{64})\n(\S{64})\n$/, '$1$2\n')),
    ),
  },
  {
    name: 'names of a payload in their order',
    cut: 'failed == "" && (NR > total || name != order[NR])',
    to: 'failed == "" && 0',
    code: 'E-FORMAT',
    spoil: ({ host, server }) => {
      host.offer(release);
      server.repository.rewordStamp = (payload) =>
        Buffer.from(
          payload
            .toString('latin1')
            .replace(/^nonce (.*)\nroot-version 1\n/m, 'root-version 1\nnonce $1\n'),
        );
    },
  },
  {
    name: 'a document of the right kind',
    cut: 'if (n == "format") return v == "cmk-courier-" kind "/1"',
    to: 'if (n == "format") return 1',
    code: 'E-FORMAT',
    spoil: ({ host, server }) => {
      host.offer(release);
      server.repository.rewordStamp = (payload) =>
        Buffer.from(payload.toString('latin1').replace('stamp/1', 'stamp/2'));
    },
  },
  {
    name: 'the size of documents',
    cut: 'check_size "$work/stamp" 8192 stamp && ',
    code: 'E-SIZE',
    spoil: ({ host }) => {
      host.offer(release);
      host.fromInbox(Buffer.concat([host.makeStamp(), Buffer.alloc(9000, 'A')]));
    },
  },
  {
    name: 'whom a stamp is for',
    cut: 'case $s_audience in "host:$opt_host" | any) ;;',
    to: 'case $s_audience in *) ;;',
    code: 'E-AUDIENCE',
    spoil: stampSays({ audience: 'host:web02' }),
  },
  {
    name: 'the serial of a stamp',
    cut: 'before "$s_serial" "$floor_serial" && {',
    to: 'false && {',
    code: 'E-ROLLBACK',
    spoil: ({ host, server }) => {
      host.floor('serial', '1000000');
      host.offer(release);
      server.repository.serial = 5;
    },
  },
  {
    name: 'the nonce of a stamp',
    cut: 'if [ "$s_nonce" = "$nonce" ] && [ "$nonce" != - ]; then',
    to: 'if true; then',
    code: 'E-STALE',
    spoil: stampSays({ nonce: '0'.repeat(32), issued: '20240101000000', expires: past }),
  },
  {
    name: 'the expiry of a stamp',
    cut: 'before "$moment" "$s_expires" || {',
    to: 'true || {',
    code: 'E-STALE',
    spoil: stampSays({ nonce: undefined, issued: '20240101000000', expires: past }),
  },
  {
    name: 'what was seen of time',
    cut: '    before "$moment" "$floor_time" && moment=$floor_time\n',
    code: 'E-STALE',
    spoil: ({ host, server }) => {
      host.floor('time', '20400101000000');
      stampSays({ nonce: undefined, expires: '20390101000000' })({ host, server });
    },
  },
  {
    name: 'the expiry of the root',
    cut: 'before "$moment" "$r_expires" || {',
    to: 'true || {',
    code: 'E-EXPIRED',
    spoil: ({ host, server }) => {
      server.repository.addRoot({ servers: [server.url], issued: '20240101000000', expires: past });
      host.offer(release);
    },
  },
  {
    name: 'a root that is withheld',
    cut: 'before "$r_version" "$s_root_version" && {',
    to: 'false && {',
    code: 'E-ROOT',
    spoil: stampSays({ rootVersion: 9 }),
  },
  {
    name: 'a root signed by the old keys',
    cut: 'check_size "$1" 65536 root && verify_signatures "$1" "$r_root" "$r_threshold_root" root "$trust" || return 1\n    old',
    to: 'split_document "$1" ""\n    old',
    code: 'E-SIGNATURE',
    spoil: nextRootBy('root-b'),
  },
  {
    name: 'a root signed by its own keys',
    cut: '    verify_signatures "$1" "$r_root" "$r_threshold_root" root "$trust" || return 1\n    [',
    to: '    [',
    code: 'E-SIGNATURE',
    spoil: nextRootBy('root-a'),
  },
  {
    name: 'a root that is the very next',
    cut: '[ "$r_version" = $((old_version + 1)) ] || {',
    to: 'true || {',
    code: 'E-ROOT',
    spoil: ({ host, server }) => {
      host.offer(release);
      server.repository.roots.set(
        2,
        server.repository.addRoot({ version: 3, servers: [server.url] }),
      );
      server.repository.roots.delete(3);
      server.repository.changeStamp = () => ({ rootVersion: 1 });
    },
  },
  {
    name: 'keys that are strong',
    cut: 'if (waiting == "key" && failed == "" && !is_strong(text)) bad',
    to: 'if (0) bad',
    code: 'E-KEY',
    spoil: oddKey('3082'),
  },
  {
    name: 'ids of keys',
    cut: ' && check_key_ids "$2" || return 1\n    take_root "$2"\n    verify_signatures "$1" "$r_root" "$r_threshold_root" root "$trust" || return 1',
    to: ' || return 1\n    take_root "$2"\n    verify_signatures "$1" "$r_root" "$r_threshold_root" root "$trust" || return 1',
    code: 'E-KEY',
    spoil: ({ host, server }) => {
      host.offer(release);
      server.repository.roots.set(
        2,
        nextRoot(server, (text) =>
          text.replace(
            /key ([0-9a-f]{8})([0-9a-f]{56}) rsa-pkcs1-sha256 release/,
            'key 00000000$2 rsa-pkcs1-sha256 release',
          ),
        ),
      );
    },
  },
  {
    name: 'the digest of a target',
    cut: '[ "$(hash_input <"$work/target")" = "$s_sha256" ] || {',
    to: 'true || {',
    code: 'E-DIGEST',
    spoil: ({ host, server }) => {
      host.offer(release);
      const named = server.repository.offered.get('web01');
      assert.ok(named);
      const made = server.repository.makeTarget('web01', release.bytes, { counter: named.counter });
      assert.ok(made.package);
      const target = { ...made, package: { ...made.package, agentHash: release.hash } };
      server.repository.files.set(named.sha256, signed(writeTarget(target), ['release-a']));
    },
  },
  {
    name: 'whom a target is for',
    cut: 'case $t_audience in "host:$opt_host" | any) ;;',
    to: 'case $t_audience in *) ;;',
    code: 'E-AUDIENCE',
    spoil: ({ host }) => host.offer(release, { audience: 'host:web02' }),
  },
  {
    name: 'the platform',
    cut: '[ "$t_platform" = "$opt_platform" ] || {',
    to: 'true || {',
    code: 'E-PLATFORM',
    spoil: ({ host }) => host.offer(release, { platform: 'aix-tgz' }),
  },
  {
    name: 'the counter that the stamp says',
    cut: '[ "$t_counter" = "$s_counter" ] || {',
    to: 'true || {',
    code: 'E-DIGEST',
    spoil: ({ host, server }) => {
      host.offer(release);
      const target = server.repository.offered.get('web01');
      assert.ok(target);
      server.repository.changeStamp = () => ({ target: { ...target, counter: 77 } });
    },
  },
  {
    name: 'the expiry of a target',
    cut: 'before "$moment" "$t_expires" || {',
    to: 'true || {',
    code: 'E-EXPIRED',
    spoil: ({ host }) => host.offer(release, { issued: '20240101000000', expires: past }),
  },
  {
    name: 'the floor of the root',
    cut: 'before "$t_counter" "$r_floor" && {',
    to: 'false && {',
    code: 'E-FLOOR',
    spoil: ({ host, server }) => {
      server.repository.addRoot({ servers: [server.url], floorCounter: 50 });
      host.offer(release);
    },
  },
  {
    name: 'the counter of the host',
    cut: 'before "$t_counter" "$floor_counter" && {',
    to: 'false && {',
    code: 'E-ROLLBACK',
    spoil: ({ host }) => {
      host.floor('counter', '40');
      host.offer(release);
    },
  },
  {
    name: 'packages that have failed',
    cut: 'is_refused && {',
    to: 'false && {',
    code: 'E-REFUSED',
    spoil: ({ host }) => {
      host.offer(release);
      host.write('state/refused', `${sha256(release.bytes)} 900\n`);
    },
  },
  {
    name: 'the least updater',
    cut: 'before "$UPDATER" "$t_updater" && {',
    to: 'false && {',
    code: 'E-UPDATER',
    spoil: ({ host }) => host.offer(release, { updaterMin: 3 }),
  },
  {
    name: 'the size of a package',
    cut: '[ "$(wc -c <"$work/package")" -eq "$t_size" ] || {',
    to: 'true || {',
    code: 'E-SIZE',
    spoil: ({ host, server }) => {
      host.offer(release);
      server.fail('package', { kind: 'cut', to: 1000 });
    },
  },
  {
    name: 'the digest of a package',
    cut: '[ "$(hash_input <"$work/package")" = "$t_sha256" ] || {',
    to: 'true || {',
    code: 'E-DIGEST',
    spoil: ({ host, server }) => {
      host.offer(release);
      const other = makeRelease('1', [
        {
          path: 'bin/courier-update',
          mode: 0o755,
          content: '#!/bin/sh\nprintf "%s ok\\n" state root server \n',
        },
      ]);
      host.offer(release, {
        package: {
          agentHash: other.hash,
          agentVersion: '1',
          size: other.bytes.length,
          sha256: sha256(release.bytes),
        },
      });
      server.fail('package', { kind: 'replace', with: other.bytes });
    },
  },
  {
    name: 'the release that a package is',
    cut: '[ "$hash" = "$t_hash" ] || {',
    to: 'true || {',
    code: 'E-DIGEST',
    spoil: ({ host }) =>
      host.offer(release, {
        package: {
          agentHash: '0123456789abcdef',
          agentVersion: '1',
          size: release.bytes.length,
          sha256: sha256(release.bytes),
        },
      }),
  },
  {
    name: 'files as their list says',
    cut: 'if (sum[path] != substr($0, end + 3)) bad',
    to: 'if (0) bad',
    code: 'E-ARCHIVE',
    spoil: ({ host }) => host.offer(packWith({ changed: true })),
  },
  {
    name: 'files that are not listed',
    cut: 'if (!at || !end || !(path in sum)) { bad("a file that is not on its list"); next }',
    to: 'if (!(path in sum)) next',
    code: 'E-ARCHIVE',
    spoil: ({ host }) => host.offer(packWith({ more: true })),
  },
  {
    name: 'kinds of members',
    cut: 'if ($1 !~ /^[d-]/ || / -> / || / link to /) bad("a member that is neither file nor directory")',
    words: 'a member that is neither',
    code: 'E-ARCHIVE',
    spoil: ({ host }) => host.offer(packWith({ link: true })),
  },
  {
    name: 'who may write to the base',
    cut: 'check_private "$1" || fail',
    to: 'true || fail',
    code: 'E-PRIVATE',
    spoil: ({ host }) => {
      host.offer(release);
      host.open();
    },
  },
  {
    name: 'plain http only where allowed',
    cut: '[ "$opt_allow_http" = yes ] || {',
    to: 'true || {',
    code: 'E-PLAIN',
    spoil: ({ host, server }) => {
      host.offer(release);
      host.write('state/registration', `server ${server.url}\nhost web01\n`);
    },
  },
];

function signStampBy(key: 'stranger') {
  return ({ host, server }: World) => {
    server.repository.stampKeys = [key];
    host.offer(release);
  };
}

function stampSays(changes: ReturnType<UpdateServer['repository']['changeStamp']>) {
  return ({ host, server }: World) => {
    host.offer(release);
    server.repository.changeStamp = () => changes;
  };
}

function spoilBody(spoil: (body: Buffer) => Buffer) {
  return ({ host, server }: World) => {
    host.offer(release);
    server.fail('check', { kind: 'replace', with: spoil });
  };
}

function twoKeysWanted(releaseKeys: UpdateServer['repository']['releaseKeys']) {
  return ({ host, server: { repository, url } }: World) => {
    const keys = [
      trusted('root-a', 'root'),
      trusted('release-a', 'release'),
      trusted('release-b', 'release'),
      trusted('stamp-a', 'stamp'),
    ];
    repository.addRoot({ servers: [url], thresholds: { root: 1, release: 2, stamp: 1 }, keys });
    repository.releaseKeys = releaseKeys;
    host.offer(release);
  };
}

/** Root 2 has the key root-b; it is signed by one of the two alone. */
function nextRootBy(signer: 'root-a' | 'root-b') {
  return ({ host, server: { repository, url } }: World) => {
    const keys = [
      trusted('root-b', 'root'),
      trusted('release-a', 'release'),
      trusted('stamp-a', 'stamp'),
    ];
    repository.addRoot({ servers: [url], keys }, [signer]);
    host.offer(release);
  };
}

/** Root 2 with a key that begins otherwise, under the id that it then has. */
function oddKey(begin: string) {
  return ({ host, server }: World) => {
    host.offer(release);
    const der = Buffer.from(`${begin}0003020101`, 'hex');
    const line = `key ${sha256(der)} rsa-pkcs1-sha256 release\n+${der.toString('base64')}\n`;
    server.repository.roots.set(
      2,
      nextRoot(server, (text) => text.replace('keys 3\n', 'keys 4\n') + line),
    );
  };
}

function nextRoot(server: UpdateServer, change: (text: string) => string): Buffer {
  const bytes = server.repository.addRoot({ servers: [server.url] });
  const text = bytes.subarray(0, bytes.indexOf('-- signatures')).toString('latin1');
  return signed(Buffer.from(change(text)), ['root-a']);
}

function packWith(odd: { changed?: boolean; more?: boolean; link?: boolean }): Package {
  const agent = agentThatPrints('<<<check_mk>>>', 'x', '<<<df>>>');
  const list = `0755 ${sha256(agent)} bin/check_mk_agent\n`;
  const members = [
    { path: 'release/FILES', content: list },
    {
      path: 'release/bin/check_mk_agent',
      mode: 0o755,
      content: odd.changed ? `${agent}#\n` : agent,
    },
    ...(odd.more ? [{ path: 'release/more', content: 'x' }] : []),
    ...(odd.link ? [{ path: 'release/link', type: '3' as const }] : []),
  ];
  return { bytes: gzipSync(makeTar(members)), list, hash: sha256(list).slice(0, 16) };
}

async function run(t: TestContext, { spoil }: Step, change: (text: string) => string) {
  const server = await startUpdateServer(t);
  const host = new Host(t, { server });
  server.repository.addRoot({ servers: [server.url] });
  host.register(server);
  // The standing of a host that has asked once.
  await host.run(['update', '--quiet', '--syslog=no']);
  host.copyUpdater(change);
  spoil({ host, server });
  const { stderr } = await host.update('--syslog=no');
  return stderr;
}

const every = isLong ? 1 : 15;
const text = readFileSync(updaterFile, 'utf8');

for (const [index, step] of steps.entries()) {
  const skip = index % every !== 0 && 'in the long run only';
  test(`TE-5: without the step "${step.name}" something wrong goes unnoticed`, {
    skip,
  }, async (t) => {
    assert.match(
      await run(t, step, (whole) => whole),
      new RegExp(`E-PRIVATE|^courier-update: ${step.code} `),
    );
    const without = await run(t, step, (whole) => whole.replace(step.cut, () => step.to ?? ''));
    const refusal = step.words ?? `courier-update: ${step.code} `;
    assert.doesNotMatch(without, new RegExp(refusal));
  });
}

test('TE-5: the list of steps is current, and no function that refuses is without one', () => {
  for (const { name, cut } of steps) {
    assert.equal(
      text.split(cut).length,
      2,
      `${name}: the step stands ${text.split(cut).length - 1} times in the script`,
    );
  }
});
