/** The committed kernels are what the compiler makes of their sources. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

interface KernelBuilder {
  compileKernel: (name: string) => Promise<Uint8Array>;
  listKernels: () => string[];
}

const root = fileURLToPath(new URL('../', import.meta.url));
const builder = (await import(
  new URL('../scripts/build-kernels.mjs', import.meta.url).href
)) as KernelBuilder;

describe('kernels', () => {
  const names = builder.listKernels();

  it('each has a source and a binary', () => {
    const binaries = readdirSync(`${root}kernels`).filter((file) => file.endsWith('.wasm'));
    assert.deepEqual(binaries.map((file) => file.slice(0, -5)).sort(), [...names].sort());
    assert.ok(names.length > 0);
  });

  for (const name of names) {
    it(`${name}.wasm is made from ${name}.ts`, async () => {
      const compiled = Buffer.from(await builder.compileKernel(name));
      const committed = readFileSync(`${root}kernels/${name}.wasm`);
      assert.ok(compiled.equals(committed), 'run `npm run build:kernels` and commit the result');
    });
  }
});
