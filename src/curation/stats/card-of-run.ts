/** The data card of a finished run, written anew. */
import { RunLayout } from '../run/layout.ts';
import { resolve } from 'node:path';
import { requireWritten } from '../stages/write-stage.ts';
import { statsOfBalancedRun } from './collect-run-stats.ts';
import { openBalancedRun } from './balanced-run.ts';
import type { CardChoices } from './data-card.ts';
import { describeShards } from './finish-run.ts';
import { writeDataCard, type WrittenCard } from './write-data-card.ts';

/**
 * Reads no pairs. Time O(entries + tasks).
 *
 * @param dir - run directory
 * @param options - what the run does not know of itself
 * @param options.choices - name and licence; what is not given stays as it was
 * @param options.force - overwrite a card that was changed by hand
 * @returns where the card lies
 * @throws {@link MetaclipError} `E_RUN_MISSING`, `E_RUN_INCOMPLETE`, `E_DAMAGED_RUN_FILE`, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function writeCardOfRun(
  dir: string,
  options: { readonly choices?: CardChoices; readonly force?: boolean } = {},
): Promise<WrittenCard> {
  const layout = new RunLayout(resolve(dir));
  const balancedRun = await openBalancedRun(layout);
  const markers = await requireWritten(layout, balancedRun.run, balancedRun.balanced);
  const stats = await statsOfBalancedRun(balancedRun);
  return writeDataCard(layout, stats, describeShards(markers), options);
}
