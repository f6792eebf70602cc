/** What other readers make of our packages: Python and GNU tar as Checkmk uses them, and the package `mkp`. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { programPackage } from '../../../.tools/packages/contents.ts';
import { writePackage } from '../../../.tools/packages/mkp.ts';
import { verifyPackage } from '../../../src/setup/packages/verify.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const deepPath = `man1/${'a-long-name/'.repeat(12)}cmk-courier.1`;

/** A package with a script in the place of the executable. */
async function makePackage(t: TestContext) {
  const folder = await makeTempDir(t);
  const program = join(folder, 'cmk-courier');
  writeFileSync(program, '#!/bin/sh\necho hello\n');
  const manual = { bytes: Buffer.from('.TH x 1\n'), isProgram: false };
  const manuals = ['man1/cmk-courier.1', deepPath].map((path) => ({ ...manual, path }));
  const content = programPackage(program, manuals);
  const bytes = writePackage(content);
  const path = join(folder, 'package.mkp');
  writeFileSync(path, bytes);
  return { folder, path, bytes, content };
}

/** Runs a script with its arguments, and hands back the JSON it prints. */
function runPython(script: string, ...args: readonly string[]): unknown {
  const { stdout, stderr } = spawnSync('python3', ['-c', script, ...args], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

/** The manifest is evaluated, and files are unpacked by their names. */
const asCheckmk = `
import ast, json, os, subprocess, sys, tarfile
path, target = sys.argv[1:]
with tarfile.open(path, "r:gz") as package:
    info = ast.literal_eval(package.extractfile("info").read().decode())
    assert info == json.load(package.extractfile("info.json"))
    for part, files in info["files"].items():
        content = package.extractfile(part + ".tar").read()
        os.makedirs(target + "/" + part)
        command = ["tar", "-C", target + "/" + part, "-xvf", "-", *files]
        subprocess.run(command, input=content, stdout=subprocess.DEVNULL, check=True)
print(json.dumps(info))`;

test('Python evaluates the manifest, and GNU tar unpacks each file by its name', {
  skip: skipWithout('python3') || skipWithout('tar'),
}, async (t) => {
  const { folder, path, content } = await makePackage(t);
  const target = join(folder, 'site');
  mkdirSync(target);
  const info = runPython(asCheckmk, path, target);
  assert.deepEqual(info, {
    title: content.title,
    name: 'cmk_courier_program',
    description: content.description,
    version: content.version,
    'version.packaged': `cmk-courier ${content.version}`,
    'version.min_required': '2.3.0',
    'version.usable_until': null,
    author: 'the cmk-courier authors',
    download_url: '',
    files: {
      bin: ['cmk-courier'],
      doc: [`cmk_courier/man/${deepPath}`, 'cmk_courier/man/man1/cmk-courier.1'],
    },
  });
  assert.equal(readFileSync(join(target, 'bin/cmk-courier'), 'utf8'), '#!/bin/sh\necho hello\n');
  assert.equal(readFileSync(join(target, 'doc/cmk_courier/man', deepPath), 'utf8'), '.TH x 1\n');
});

/** Where `.tools/prepare-machine` puts it. */
const mkp = fileURLToPath(new URL('../../../node_modules/.cache/mkp', import.meta.url));
const hasMkp = existsSync(join(mkp, 'mkp'));

test('mkp of PyPI reads it and unpacks it', {
  skip: !hasMkp && 'the Python package mkp is not installed',
}, async (t) => {
  const { folder, path, content } = await makePackage(t);
  const script = `
import json, sys
sys.path.insert(0, sys.argv[3])
import mkp
package = mkp.load_file(sys.argv[1])
package.extract_files(sys.argv[2])
print(json.dumps([package.info["name"], package.json_info["version"], package.info["files"]["bin"]]))`;
  const target = join(folder, 'unpacked');
  mkdirSync(target);
  const said = runPython(script, path, target, mkp);
  assert.deepEqual(said, ['cmk_courier_program', content.version, ['cmk-courier']]);
  assert.match(readFileSync(join(target, 'bin/cmk-courier'), 'utf8'), /^#!/);
});

/** Packages of others, by Python's tar with its own headers for what is long or not ASCII. */
const byPython = `
import io, json, sys, tarfile
path, form = sys.argv[1:]
formats = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}
files = ["x" * 90 + "/" + "y" * 90, "z"] if form == "ustar" else ["x" * 200 + "/" + "y" * 90, "\\u00e4/\\u4f60", "z"]
info = {"title": "t", "name": "n", "description": "d", "version": "1.0.0", "version.packaged": "2.3.0",
        "version.min_required": "2.3.0", "author": "a", "download_url": "", "files": {"doc": files}}
def archive(members, target, mode):
    with tarfile.open(fileobj=target, mode=mode, format=formats[form]) as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname = len(content), 1.5, "nobody"
            tar.addfile(member, io.BytesIO(content))
doc = io.BytesIO()
archive([(name, b"text") for name in files], doc, "w")
with open(path, "wb") as target:
    archive([("info", repr(info).encode()), ("info.json", json.dumps(info).encode()), ("doc.tar", doc.getvalue())], target, "w:gz")
print(json.dumps(files))`;

for (const form of ['pax', 'gnu', 'ustar']) {
  test(`a package that Python wrote in the ${form} format is read`, {
    skip: skipWithout('python3'),
  }, async (t) => {
    const path = join(await makeTempDir(t), 'n-1.0.0.mkp');
    const files = runPython(byPython, path, form);
    const given = { bytes: readFileSync(path), fileName: 'n-1.0.0.mkp', maxBytes: 1e6 };
    const { manifest, problems } = verifyPackage(given);
    assert.deepEqual(problems, []);
    assert.deepEqual(manifest?.files.get('doc'), files);
  });
}

test('a package that GNU tar wrote is read', { skip: skipWithout('tar') }, async (t) => {
  const folder = await makeTempDir(t);
  const info = `{'title': 't', 'name': 'n', 'description': 'd', 'version': '1.0.0', 'author': 'a',
    'version.packaged': '2.3.0', 'version.min_required': '2.3.0', 'download_url': '',
    'files': {'doc': ['x/README']}}`;
  mkdirSync(join(folder, 'x'));
  writeFileSync(join(folder, 'x/README'), 'text');
  writeFileSync(join(folder, 'info'), info);
  writeFileSync(join(folder, 'info.json'), info.replaceAll("'", '"'));
  const script = 'tar -cf doc.tar x/README && tar -czf n-1.0.0.mkp info info.json doc.tar';
  assert.equal(spawnSync('sh', ['-c', script], { cwd: folder }).status, 0);
  const bytes = readFileSync(join(folder, 'n-1.0.0.mkp'));
  const { problems } = verifyPackage({ bytes, fileName: 'n-1.0.0.mkp', maxBytes: 1e6 });
  assert.deepEqual(problems, []);
});

test('the same files make the same bytes, in whatever order they come', async (t) => {
  const { bytes, content } = await makePackage(t);
  const { bin = [], doc = [] } = content.files;
  const turned = { ...content, files: { doc: doc.toReversed(), bin, agents: [] } };
  assert.ok(writePackage(turned).equals(bytes));
});
