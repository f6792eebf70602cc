/**
 * Runs a program that lies in this directory with the arguments given, and writes what V8 has
 * compiled by then, of the program and of each library it has used: `node warm-up.cjs PROGRAM ARGUMENT…`
 */

const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const scripts = new Map();
const libraries = new Map();

function compile(asset) {
  const script = new Script(readFileSync(asset, 'latin1'), { filename: `${asset}.cjs` });
  scripts.set(asset, script);
  return script.runInThisContext();
}

// As launcher.cjs does.
function requireAny(name) {
  if (name.startsWith('node:') || !existsSync(name)) return require(name);
  if (!libraries.has(name)) {
    const library = { exports: {} };
    libraries.set(name, library);
    compile(name)(require, library, process.execPath, library.exports);
  }
  return libraries.get(name).exports;
}

const program = process.argv[2];
process.argv = [process.execPath, 'cmk-courier', ...process.argv.slice(3)];
// A shell in our place would write nothing.
process.execve = undefined;
process.on('exit', () => {
  for (const [asset, script] of scripts) {
    writeFileSync(`${asset}.code-cache`, script.createCachedData());
  }
});
compile(program)(requireAny, module, process.execPath, exports);
