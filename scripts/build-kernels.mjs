/** Compiles kernels/*.ts (AssemblyScript) to kernels/*.wasm, which are committed: users need no compiler. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('../kernels/', import.meta.url));

/**
 * Memory of a kernel in pages of 64 KiB; statics lie at 1,024, and no kernel has more than 1 KiB of them. One that is not
 * here imports memory, that of its threads or that of a reader of crawl files, and has no statics unless it says so.
 */
const PAGES = { resample: 256, sha256: 24 };
const OF_THREADS = ['language', 'matcher', 'worldwide'];
const WITH_STATICS = ['html-images'];
const STATICS = ['--memoryBase', '1024'];
const OWN_MEMORY = (pages) => ['--initialMemory', `${pages}`, '--maximumMemory', `${pages}`, ...STATICS];
const IMPORTED_MEMORY = ['--importMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
const SHARED_MEMORY = [...IMPORTED_MEMORY, '--sharedMemory', '--enable', 'threads'];

function memoryOptions(name) {
  if (name in PAGES) return OWN_MEMORY(PAGES[name]);
  if (OF_THREADS.includes(name)) return SHARED_MEMORY;
  return WITH_STATICS.includes(name) ? [...IMPORTED_MEMORY, ...STATICS] : IMPORTED_MEMORY;
}

/**
 * @param {string} name - of a kernel
 * @returns {Promise<Uint8Array>} its binary; the same bytes for the same source and compiler
 */
export async function compileKernel(name) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      `${name}.ts`,
      '--baseDir',
      folder,
      '--outFile',
      `${name}.wasm`,
      '-O3',
      '--runtime',
      'stub',
      '--noAssert',
      '--use',
      'abort=',
      '--enable',
      'simd',
      ...memoryOptions(name),
    ],
    {
      writeFile: (file, contents) => {
        if (file.endsWith('.wasm')) binary = contents;
      },
    },
  );
  if (error !== null) throw new Error(`${name}: ${error.message}\n${stderr.toString()}`);
  return binary;
}

/** @returns {string[]} names of all kernels */
export function listKernels() {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of listKernels()) {
    const binary = await compileKernel(name);
    writeFileSync(join(folder, `${name}.wasm`), binary);
    console.log(`kernels/${name}.wasm  ${binary.length} bytes`);
  }
}
