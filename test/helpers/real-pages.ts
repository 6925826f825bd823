/** The HTML pages that installed packages and documentation bring. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDERS = [
  fileURLToPath(new URL('../../node_modules', import.meta.url)),
  '/usr/share/doc',
  '/usr/share/javascript',
];

/** Their bytes, as they lie; in no particular encoding. */
export function listRealPages(): Buffer[] {
  const pages: Buffer[] = [];
  for (const folder of FOLDERS.filter((path) => existsSync(path))) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.html?$/i.test(entry.name)) continue;
      pages.push(readFileSync(join(entry.parentPath, entry.name)));
    }
  }
  return pages;
}
