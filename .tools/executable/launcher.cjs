/**
 * The entry of the executable. Its program is an asset, and so is each large library, which is
 * compiled only when it is used. The program comes with the code cache that was made by a real
 * run of it: Node's own code cache for executables has no function in it that was not yet
 * called. Together this takes a third off a fetch.
 */

const { getAssetKeys, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const assets = new Set(getAssetKeys());
const libraries = new Map();

// Assets are pure ASCII and lie in memory already: they are neither decoded nor copied twice.
function compile(asset, cachedData) {
  const source = Buffer.from(getRawAsset(asset)).latin1Slice();
  return new Script(source, { filename: `${asset}.cjs`, cachedData }).runInThisContext();
}

function requireAny(name) {
  if (!assets.has(name)) return require(name);
  if (!libraries.has(name)) {
    const library = { exports: {} };
    libraries.set(name, library);
    compile(name)(require, library, process.execPath, library.exports);
  }
  return libraries.get(name).exports;
}

const run = compile('cmk-courier', Buffer.from(getRawAsset('code-cache')));
run(requireAny, module, process.execPath, exports);
