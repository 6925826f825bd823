/** Temporary folders of tests, removed when the test ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @param test - test context; its end removes the folder
 * @param test.after - registers a hook
 * @returns absolute path of a new empty folder
 */
export function makeTempFolder(test: { after: (hook: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), 'metaclip-test-'));
  test.after(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}
