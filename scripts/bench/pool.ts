/** A caption pool of N rows as JSON Lines files of 100,000 rows, for the benchmarks of whole runs; kept between calls. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE_ROWS = 100_000;
const generator = fileURLToPath(new URL('generate-captions.ts', import.meta.url));

/**
 * @param folder - where the files are; made when missing
 * @param rowCount - rows, a multiple of 100,000
 * @returns paths of the files that together have so many rows; those of a smaller pool are the first ones of a larger one
 */
export function makePool(folder: string, rowCount: number): string[] {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: Math.ceil(rowCount / FILE_ROWS) }, (_, file) => {
    const path = join(folder, `${String(file).padStart(4, '0')}.jsonl`);
    if (!existsSync(path)) {
      const args = [
        '--out',
        path,
        '--rows',
        String(FILE_ROWS),
        '--seed',
        String(file + 1),
        '--english',
        '0.9',
      ];
      execFileSync(process.execPath, ['--import', 'tsx', generator, ...args], { stdio: 'ignore' });
    }
    return path;
  });
}
