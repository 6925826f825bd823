/** Runs a command in this process, as the command line does. */
import { main } from '../../src/commands/main.ts';

/** What a command answered and printed. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly note: string;
}

/**
 * @param argv - arguments of `metaclip`
 * @param signal - stops it
 * @returns exit code, and what it printed
 */
export async function runCommand(
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<CommandResult> {
  let out = '';
  let note = '';
  const code = await main(argv, {
    out: (text) => (out += text),
    note: (text) => (note += text),
    terminalColumns: undefined,
    signal,
  });
  return { code, out, note };
}
