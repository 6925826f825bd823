/** Finds the reference data that lies beside a development checkout; tests that need it skip where it is absent. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../shared/reference/', import.meta.url);

/** Reason to give to node:test's `skip` when the reference data is absent; `false` when it is there. */
export const skipWithoutReference: string | false = existsSync(fileURLToPath(root))
  ? false
  : 'skipped: no reference data in ../shared/reference beside the checkout';

/**
 * @param name - path below the reference folder, e.g. `captions/captions.jsonl.gz`
 * @returns the absolute path of that reference file
 */
export function referencePath(name: string): string {
  return fileURLToPath(new URL(name, root));
}
