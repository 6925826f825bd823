/** Where caches lie: what is in them can always be made again. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Name of the cache of what was made of entry lists: their automata, and what is known of them. */
export const LIST_CACHE = 'automata';

/**
 * Finds a folder for caches: `$METACLIP_CACHE/NAME` if that is set, else `metaclip/NAME` in the cache folder of the platform:
 * `$XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows.
 *
 * @param name - what is cached
 * @param env - environment variables; default those of the process
 * @param platform - as in `process.platform`
 * @returns absolute path if the variables are; not made
 */
export function cacheFolder(
  name: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  const set = (variable: string): string | undefined => (env[variable] === '' ? undefined : env[variable]);
  const own = set('METACLIP_CACHE');
  if (own !== undefined) return join(own, name);
  const home = homedir();
  const base =
    set('XDG_CACHE_HOME') ??
    (platform === 'darwin'
      ? join(home, 'Library', 'Caches')
      : platform === 'win32'
        ? (set('LOCALAPPDATA') ?? join(home, 'AppData', 'Local'))
        : join(home, '.cache'));
  return join(base, 'metaclip', name);
}
