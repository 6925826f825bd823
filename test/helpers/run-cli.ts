/** Runs the command line in a process of its own, from the sources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** Arguments of node that let it run TypeScript, whatever the working folder. */
export const TYPESCRIPT_ARGS: readonly string[] = ['--import', import.meta.resolve('tsx')];

/** What a finished command left. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command at work. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
}

/**
 * @param args - arguments of `metaclip`
 * @param environment - variables beside the inherited ones
 * @param cwd - working folder; default: the checkout
 * @returns the process and its end
 */
export function startCli(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  cwd: string = root,
): CliProcess {
  const child = spawn(process.execPath, [...TYPESCRIPT_ARGS, cli, ...args], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = once(child, 'close').then(([code, signal]: unknown[]) => ({
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? (signal as NodeJS.Signals) : null,
    stdout,
    stderr,
  }));
  return { child, done };
}

/**
 * @param args - arguments of `metaclip`
 * @param environment - variables beside the inherited ones
 * @param cwd - working folder; default: the checkout
 * @returns what the finished command left
 */
export function runCli(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  cwd: string = root,
): Promise<CliResult> {
  return startCli(args, environment, cwd).done;
}
