/**
 * The list of one language, ready to be searched by the worldwide rule (Meta CLIP 2): as the English one, but an entry needs
 * a space in front of it (behind it) only if its first (last) character is not one of {@link isOpen}.
 *
 * An entry that needs both spaces is exactly an entry of the English rule, so those go to the token matcher, which is the
 * faster by far; only the others are searched character by character.
 */
import type { EntryList } from '../../../metadata/entry-list.ts';
import { createEntryList } from '../../../metadata/entry-list.ts';
import type { Compat } from '../../compat.ts';
import { buildAutomaton } from '../build-automaton.ts';
import { spaceText } from '../spacing.ts';
import { CHARACTER_HEADER, packCharacters } from './character-automaton.ts';
import type { Pattern } from './character-trie.ts';
import { isOpen } from './open-characters.ts';

const SPACE = 0x20;
const ALIGNMENT = 64;

/** A list ready to be searched; plain data over shared memory, to be posted to threads. */
export interface WorldwideAutomaton {
  readonly compat: Compat;
  /** Starts with the automaton of the entries that need a space on both sides, if there are any. Read only by agreement. */
  readonly shared: SharedArrayBuffer;
  readonly hasWords: boolean;
  /** First byte of the automaton of the others; see character-automaton.ts. */
  readonly charactersStart: number;
}

/**
 * Builds the automaton of one language's list.
 *
 * Time and memory: linear in the characters of the list.
 *
 * @param list - entries in order
 * @param compat - published or mended rule
 * @returns the automaton, owned by the caller
 * @throws {@link MetaclipError} as `buildAutomaton`
 */
export function buildWorldwideAutomaton(list: EntryList, compat: Compat): WorldwideAutomaton {
  const words: string[] = [];
  const wordIds: number[] = [];
  const patterns: Pattern[] = [];
  for (const [id, entry] of list.entries.entries()) {
    const text = compat === 'metaclip' ? entry : spaceText(entry).replace(/^ +| +$/g, '');
    const codePoints = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    const [first] = codePoints;
    const last = codePoints.at(-1);
    if (first === undefined || last === undefined) continue;
    const isOpenAtStart = isOpen(first, compat);
    const isOpenAtEnd = isOpen(last, compat);
    if (isOpenAtStart || isOpenAtEnd) {
      if (!isOpenAtStart) codePoints.unshift(SPACE);
      if (!isOpenAtEnd) codePoints.push(SPACE);
      patterns.push({ id, codePoints });
    } else {
      words.push(entry);
      wordIds.push(id);
    }
  }
  const tokens = words.length === 0 ? null : buildAutomaton(createEntryList(words, list.source), compat);
  const charactersStart = Math.ceil((tokens?.sizeBytes ?? 0) / ALIGNMENT) * ALIGNMENT;
  const characters = packCharacters(
    patterns,
    list.entries.length,
    Uint32Array.from(wordIds),
    charactersStart,
  );
  const shared = new SharedArrayBuffer(characters[CHARACTER_HEADER.end] ?? 0);
  if (tokens !== null) new Uint8Array(shared).set(new Uint8Array(tokens.shared));
  new Uint32Array(shared, charactersStart).set(characters);
  return {
    compat,
    shared,
    hasWords: tokens !== null,
    charactersStart,
  };
}
