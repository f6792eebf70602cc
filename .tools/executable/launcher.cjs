/**
 * The entry of the executable. Its program is an asset, and so is each large library, which is
 * compiled only when it is used. They come with the code caches that were made by a real run:
 * Node's own code cache for executables has no function in it that was not yet called. Together
 * this takes a third off a fetch.
 */

const { getAssetKeys, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const assets = new Set(getAssetKeys());
const libraries = new Map();

// Assets are pure ASCII and lie in memory already: they are neither decoded nor copied twice.
function compile(asset) {
  const codeCache = `${asset}.code-cache`;
  const cachedData = assets.has(codeCache) ? Buffer.from(getRawAsset(codeCache)) : undefined;
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

// What runs for each host and minute comes without what all other commands need.
const isOften = ['fetch', 'hostcheck', 'agent'].includes(process.argv[2]);
compile(isOften ? 'cmk-courier-often' : 'cmk-courier')(
  requireAny,
  module,
  process.execPath,
  exports,
);
