/** Where the package lies: the sources run from src/, the build from dist/src/. */
import { existsSync } from 'node:fs';

/** @returns url of the folder with the package's package.json, with a trailing slash */
export function packageRoot(): URL {
  for (let folder = new URL('./', import.meta.url); ; folder = new URL('../', folder)) {
    if (existsSync(new URL('package.json', folder))) return folder;
    if (folder.pathname === '/') throw new Error('metaclip has lost its package.json');
  }
}
