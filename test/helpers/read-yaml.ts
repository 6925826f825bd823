/** Reads YAML with Python's reader, which shares no code with what wrote it. */
import { spawnSync } from 'node:child_process';

const SCRIPT = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin.read()), sys.stdout)';

/** Reason to give to node:test's `skip` where Python or its YAML module is missing; `false` when both are there. */
export const skipWithoutYaml: string | false =
  spawnSync('python3', ['-c', 'import yaml']).status === 0
    ? false
    : 'skipped: no python3 with the module yaml';

/**
 * @param text - YAML
 * @returns the value
 */
export function readYaml(text: string): unknown {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', SCRIPT], { input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as unknown;
}
