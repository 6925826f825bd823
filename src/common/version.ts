/** Version of the package, from its own package.json, which lies above both src/ and dist/src/. */
import { readFileSync } from 'node:fs';
import { packageRoot } from './package-root.ts';

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return '0.0.0';
}

/** E.g. `0.1.0`. */
export const TOOL_VERSION = readVersion();
