import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  isTrustedEntry,
  requireTrusted,
  requireTrustedSync,
} from '../../src/system/trusted-path.ts';
import { anotherUser, runAsAnotherUser, skipUnlessRoot } from '../helpers/another-user.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { sourceUrl } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const skip = skipUnlessRoot();
const we = process.geteuid?.() === 0 ? 'root' : `us (user ${process.geteuid?.()}) or root`;

/** A file below two directories, all of them ours alone. */
async function makeFile(t: TestContext) {
  const root = await makeTempDir(t);
  const directory = join(root, 'a/b');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'file');
  writeFileSync(file, 'x');
  return { root, directory, file };
}

/** What is said of a path, by both ways to ask. */
async function refusalOf(path: string): Promise<string> {
  const { code, message } = catchThrown(() => requireTrustedSync(path));
  assert.equal(code, 'CONFIG');
  assert.equal((await expectFault(requireTrusted(path), 'CONFIG')).message, message);
  return message;
}

async function accept(path: string): Promise<void> {
  requireTrustedSync(path);
  await requireTrusted(path);
}

test('what is ours alone is believed, and so is what is not there', async (t) => {
  const { root, directory, file } = await makeFile(t);
  for (const path of [
    file,
    directory,
    root,
    join(root, 'none/there'),
    '/etc/passwd',
    '/dev/null',
  ]) {
    await accept(path);
  }
});

test('a file or directory that everybody may write to is not', async (t) => {
  const { directory, file } = await makeFile(t);
  chmodSync(file, 0o666);
  assert.equal(
    await refusalOf(file),
    `others may change ${file}: it is writable for everybody (mode 666); chmod go-w ${file}`,
  );
  chmodSync(file, 0o600);
  chmodSync(directory, 0o777);
  assert.equal(
    await refusalOf(directory),
    `others may change ${directory}: it is writable for everybody (mode 777); chmod go-w ${directory}`,
  );
});

test('neither is what lies below a directory that everybody may write to', async (t) => {
  const { root, directory, file } = await makeFile(t);
  chmodSync(join(root, 'a'), 0o777);
  const why = `${join(root, 'a')} is writable for everybody (mode 777); chmod go-w ${join(root, 'a')}`;
  assert.equal(await refusalOf(file), `others may change ${file}: ${why}`);
  assert.equal(await refusalOf(directory), `others may change ${directory}: ${why}`);
  // Even while it is not there: somebody else might be the first to make it.
  const later = join(root, 'a/later/file');
  assert.equal(await refusalOf(later), `others may change ${later}: ${why}`);
});

test('a sticky directory is fine on the way, and not as what is believed', async (t) => {
  const { root, file } = await makeFile(t);
  const way = join(root, 'a');
  chmodSync(way, 0o1777);
  await accept(file);
  assert.equal(
    await refusalOf(way),
    `others may change ${way}: it is writable for everybody (mode 1777)`,
  );
});

test('a group may write where it is root’s, and nowhere else', { skip }, async (t) => {
  const { file } = await makeFile(t);
  chmodSync(file, 0o664);
  await accept(file);
  chownSync(file, 0, 100);
  assert.equal(
    await refusalOf(file),
    `others may change ${file}: it is writable for group 100 (mode 664); chmod go-w ${file}`,
  );
});

test('the group of the user’s own name may write', { skip }, async (t) => {
  const { root, directory, file } = await makeFile(t);
  chmodSync(root, 0o755);
  for (const path of [join(root, 'a'), directory, file]) {
    chownSync(path, anotherUser, anotherUser);
    chmodSync(path, path === file ? 0o664 : 0o775);
  }
  const lines = `
    const { requireTrusted } = await import(${sourceUrl('system/trusted-path.ts')});
    await requireTrusted(${JSON.stringify(file)});
`;
  const ask = () =>
    runAsAnotherUser(`'${process.execPath}' --input-type=module --eval '${lines}' 2>&1`).stdout;
  assert.equal(ask(), '');
  chownSync(file, anotherUser, 100);
  assert.match(ask(), /it is writable for group 100 \(mode 664\); chmod go-w /);
});

test('what belongs to another user is not believed, nor what lies below it', {
  skip,
}, async (t) => {
  const { root, directory, file } = await makeFile(t);
  chownSync(file, anotherUser, 0);
  assert.equal(
    await refusalOf(file),
    `others may change ${file}: it belongs to user 1, not to ${we}`,
  );
  chownSync(file, 0, 0);
  chownSync(join(root, 'a'), anotherUser, 0);
  const why = `${join(root, 'a')} belongs to user 1, not to ${we}`;
  assert.equal(await refusalOf(directory), `others may change ${directory}: ${why}`);
});

test('a link is judged by where it leads, and by the whole way there', async (t) => {
  const { root, directory, file } = await makeFile(t);
  const link = join(root, 'link');
  symlinkSync('a/./b/../b', link);
  await accept(join(link, 'file'));
  symlinkSync(file, join(root, 'absolute'));
  await accept(join(root, 'absolute'));
  chmodSync(directory, 0o777);
  assert.equal(
    await refusalOf(join(link, 'file')),
    `others may change ${join(link, 'file')}: ${directory} is writable for everybody (mode 777); chmod go-w ${directory}`,
  );
  symlinkSync('circle', join(root, 'circle'));
  await accept(join(root, 'circle'));
});

test('a stranger’s link in a sticky directory is not followed', { skip }, async (t) => {
  const { root, file } = await makeFile(t);
  const link = join(root, 'link');
  symlinkSync(file, link);
  lchownSync(link, anotherUser, anotherUser);
  await accept(link);
  chmodSync(root, 0o1777);
  assert.equal(
    await refusalOf(link),
    `others may change ${link}: it belongs to user 1, not to ${we}`,
  );
  lchownSync(link, 0, 0);
  await accept(link);
});

test('an open file is judged by its own owner and mode', { skip }, async (t) => {
  const { file } = await makeFile(t);
  assert.equal(isTrustedEntry(statSync(file)), true);
  chmodSync(file, 0o602);
  assert.equal(isTrustedEntry(statSync(file)), false);
  chmodSync(file, 0o600);
  chownSync(file, anotherUser, 0);
  assert.equal(isTrustedEntry(statSync(file)), false);
});
