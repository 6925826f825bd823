/**
 * The data card of a run: `README.md` for people and the hub, `datacard.json` for programs. Both depend on the run alone:
 * the same run gives the same bytes.
 *
 * A `README.md` that was changed by hand (a licence filled in, say) is never overwritten: the text ends with its own
 * checksum, and where that does not hold the new text goes to `README.new.md`.
 */
import { createHash } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { produceFile, readJsonFile, writeFileAtomic } from '../../common/files.ts';
import type { RunLayout } from '../run/layout.ts';
import { type CardChoices, describeDataCard } from './data-card.ts';
import type { EntryCounts, RunStats } from './run-stats.ts';

/** What was written. */
export interface WrittenCard {
  /** `README.md`, or `README.new.md` beside one that was changed by hand. */
  readonly cardPath: string;
  readonly wasEdited: boolean;
  readonly jsonPath: string;
}

const MARK = /<!-- metaclip data card, sha256 of the text above: ([0-9a-f]{64}) -->\n$/;

/** What is not known of the run itself. */
export interface CardOptions {
  /** Name and licence; they are remembered for the next card of the run. */
  readonly choices?: CardChoices;
  /** Overwrite a card that was changed by hand. */
  readonly force?: boolean;
}

/** The files of a run's result. */
export interface Shards {
  readonly count: number;
  readonly sizeBytes: number;
}

/**
 * Writes `README.md` and `datacard.json`.
 *
 * @param layout - run directory
 * @param stats - its statistics
 * @param shards - number and size of the shards
 * @param options - what is not known of the run itself
 * @returns where the card lies
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeDataCard(
  layout: RunLayout,
  stats: RunStats,
  shards: Shards,
  options: CardOptions = {},
): Promise<WrittenCard> {
  const written = await writeCardText(layout, stats, shards, options);
  await writeDataCardJson(layout.dataCardJson, stats.perEntry);
  return { ...written, jsonPath: layout.dataCardJson };
}

/**
 * Writes `README.md` alone.
 *
 * @param layout - run directory
 * @param stats - its statistics
 * @param shards - number and size of the shards
 * @param options - what is not known of the run itself
 * @returns where the card lies
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeCardText(
  layout: RunLayout,
  stats: RunStats,
  shards: Shards,
  options: CardOptions = {},
): Promise<Pick<WrittenCard, 'cardPath' | 'wasEdited'>> {
  const choicesPath = join(layout.root, 'card.json');
  const choices = { ...(await readChoices(choicesPath)), ...options.choices };
  if (Object.keys(choices).length > 0) {
    await writeFileAtomic(choicesPath, `${JSON.stringify(choices, null, 2)}\n`);
  }
  const body = describeDataCard(stats, shards, choices);
  const text = `${body}\n<!-- metaclip data card, sha256 of the text above: ${sha256(body)} -->\n`;
  const wasEdited = options.force !== true && (await isEdited(layout.dataCard));
  const newPath = join(layout.root, 'README.new.md');
  const cardPath = wasEdited ? newPath : layout.dataCard;
  await writeFileAtomic(cardPath, text);
  if (!wasEdited) await rm(newPath, { force: true });
  return { cardPath, wasEdited };
}

/** Entries of a chunk that is written at once. */
const ENTRIES_A_WRITE = 65_536;

/**
 * Writes the distribution of the kept pairs over the entries in the form that the original publishes for its training sets:
 * one JSON object from entry to count, every entry of the list in list order, one a line. Memory: 65,536 lines.
 *
 * @param path - file to make
 * @param counts - counts of every entry; those after balancing are written, or the only ones there are
 * @returns size in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeDataCardJson(path: string, counts: EntryCounts): Promise<number> {
  const { entries } = counts;
  const values = counts.after ?? counts.before;
  const { sizeBytes } = await produceFile(path, async (temporaryPath) => {
    const handle = await open(temporaryPath, 'wx');
    try {
      for (let start = 0; start < entries.length; start += ENTRIES_A_WRITE) {
        const end = Math.min(entries.length, start + ENTRIES_A_WRITE);
        let lines = '';
        for (let id = start; id < end; id++) {
          lines += `${id === 0 ? '{\n' : ',\n'}${jsonString(entries[id] ?? '')}: ${values[id] ?? 0}`;
        }
        await handle.writeFile(lines);
      }
      await handle.writeFile('\n}\n');
    } finally {
      await handle.close();
    }
  });
  return sizeBytes;
}

/** Most entries are plain words, for which a call of JSON takes longer than all else that is done with them. */
function jsonString(text: string): string {
  return /^[\w .,'()/-]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

async function isEdited(path: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return false; // there is none
  }
  const mark = MARK.exec(text);
  return mark === null || sha256(text.slice(0, mark.index - 1)) !== mark[1];
}

async function readChoices(path: string): Promise<CardChoices> {
  const value = await readJsonFile(path).catch(() => undefined);
  if (typeof value !== 'object' || value === null) return {};
  const choices: { name?: string; license?: string } = {};
  if ('name' in value && typeof value.name === 'string') choices.name = value.name;
  if ('license' in value && typeof value.license === 'string') choices.license = value.license;
  return choices;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
