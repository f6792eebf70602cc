/**
 * Names of files that are not output, or not yet: what programs call a file while they write it,
 * what they put beside it, and what a synchronisation leaves of two versions. Whoever chooses
 * among files goes by this list, and our own senders write under names that are on it.
 */

interface SideFile {
  /** As in "a partial file". */
  readonly kind: 'partial file' | 'side file' | 'conflicting copy';
  /** Who makes them. */
  readonly of: string;
  readonly fits: RegExp;
  /** It says something of the beginning of a name. */
  readonly isBeginning?: true;
}

const list: readonly SideFile[] = [
  {
    // rsync's .NAME.XXXXXX, Syncthing's .syncthing.NAME.tmp, Unison's .unison.NAME.tmp, Nextcloud's
    // .~NAME, vi's .NAME.swp, .nfs0000… of a file that is still open, .DS_Store, ._NAME of macOS.
    kind: 'partial file',
    of: 'rsync, Syncthing, Nextcloud, Unison, editors, and whoever begins a name with a dot',
    fits: /^\./,
    isBeginning: true,
  },
  {
    kind: 'partial file',
    of: 'Syncthing and Microsoft Office on Windows, Emacs',
    fits: /^(?:~syncthing~|~\$|#.*#$)/s,
    isBeginning: true,
  },
  {
    // rclone's NAME.8f3a.partial, Nextcloud's NAME.ocTransferId123.part, WinSCP's NAME.filepart.
    kind: 'partial file',
    of: 'rclone, Nextcloud, WinSCP, browsers, mktemp, whoever writes a file aside and renames it',
    fits: /\.(?:tmp|temp|te?mp[-._]?\w{1,16}|part|partial|filepart|incomplete|unfinished|crdownload|opdownload|download|in-progress|uploading|writing|new)$/i,
  },
  {
    kind: 'partial file',
    of: 'aria2, lftp, Resilio Sync, BitTorrent',
    fits: /\.(?:aria2|lftp-pget-status|!sync|!bt|!ut|bts|jc!)$/i,
  },
  {
    kind: 'side file',
    of: 'sums and signatures',
    fits: /\.(?:md5|sha-?(?:1|224|256|384|512)|b2|crc|crc32|sfv)(?:sums?)?$|\.(?:asc|sig|sign|minisig|p7s)$/i,
  },
  {
    kind: 'side file',
    of: 'whoever locks a file',
    fits: /\.(?:lock|lck|pid)$/i,
  },
  {
    kind: 'side file',
    of: 'older versions of editors, patch, dpkg and rpm',
    fits: /~$|\.(?:bak|backup|old|orig|rej|save|swp|swo|dpkg-\w+|rpm(?:new|save|orig))$/i,
  },
  {
    kind: 'side file',
    of: 'Windows and macOS',
    fits: /^(?:thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r|__macosx)$|\.lnk$/i,
    isBeginning: true,
  },
  {
    // NAME.sync-conflict-20261128-101500-ABCDEFG.txt
    kind: 'conflicting copy',
    of: 'Syncthing',
    fits: /\.sync-conflict-\d{8}-\d{6}/,
  },
  {
    // NAME (conflicted copy 2026-11-28 101500).txt, NAME (anna's conflicted copy 2026-11-28).txt,
    // NAME_conflict-20261128-101500.txt
    kind: 'conflicting copy',
    of: 'Nextcloud, ownCloud, Dropbox, Seafile, Unison',
    fits: /\((?:[^()]* )?(?:conflicted copy|case conflict|sfconflict|copy: conflict)\b[^()]*\)|_conflict-\d{8}-\d{6}/i,
  },
];

/** In the words of a message, such as `a partial file`; undefined for a name like any other. */
export type SideKind = SideFile['kind'];

/**
 * What a file is by its name alone, where that says that it is no output of its own.
 *
 * @param name the last part of a path
 * @param wanted so many characters at its start were asked for by name, and prove nothing
 */
export function sideKind(name: string, wanted = 0): SideKind | undefined {
  const rest = name.slice(wanted);
  return list.find(({ fits, isBeginning }) => (isBeginning && wanted > 0 ? false : fits.test(rest)))
    ?.kind;
}
