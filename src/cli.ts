#!/usr/bin/env node
/** The `metaclip` program: gives the command line its outputs and turns Ctrl-C into an abort. */
import { main } from './commands/main.ts';

const interruption = new AbortController();
let interrupts = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one means it: leave at once; the run directory is consistent at every moment.
    if (++interrupts > 1) process.exit(130);
    interruption.abort();
  });
}
// A closed pipe (`metaclip extract ... | head`) is an ordinary end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  note: (text) => process.stderr.write(text),
  terminalColumns: process.stderr.isTTY ? process.stderr.columns : undefined,
  signal: interruption.signal,
});
