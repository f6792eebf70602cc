/**
 * Runs the program with the arguments behind its name and writes what V8 has compiled by then:
 * `node warm-up.cjs PROGRAM CODE-CACHE ARGUMENT…`
 */

const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [node, , program, codeCache, ...args] = process.argv;
const script = new Script(readFileSync(program, 'latin1'), { filename: 'cmk-courier.cjs' });
process.argv = [node, 'cmk-courier', ...args];
process.on('exit', () => writeFileSync(codeCache, script.createCachedData()));
script.runInThisContext()(require, module, process.execPath, exports);
