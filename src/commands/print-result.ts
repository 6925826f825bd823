/** What a curation command prints at its end. */
import type { CurateResult } from '../curation/carry-out.ts';
import type { CommandIo, ParsedArgs } from './command.ts';
import { describeResult } from './print-summary.ts';

/**
 * @param args - parsed arguments; `--json` decides
 * @param io - where it goes
 * @param result - what was done
 * @param closing - last line for people: where the result lies, or what to do next
 */
export function printResult(args: ParsedArgs, io: CommandIo, result: CurateResult, closing: string): void {
  io.out(
    args.flag('json') ? `${JSON.stringify(result, null, 2)}\n` : `${describeResult(result)}\n${closing}\n`,
  );
}
