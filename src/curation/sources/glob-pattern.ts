/**
 * Shell patterns for inputs, because a quoted pattern of 90,000 files reaches us unexpanded. Node 20 has no `fs.glob`
 * (22 has), and what is needed is small:
 *
 *   `*`      any run of characters in one name     `?`       one character in one name
 *   `**`     any number of folders, none included  `[a-z]`   one of these characters, `[!a-z]` none of them
 *   `{a,b}`  either, also nested and over slashes
 *
 * As in a shell, a name that starts with a dot is only matched by a pattern that writes the dot; here an underscore is
 * treated alike, because it marks what is no data (`_SUCCESS`, `_temporary/`).
 */
import { MetaclipError } from '../../common/errors.ts';

/** Most alternatives that braces may make; a pattern of ten nested pairs is a mistake. */
const MAX_ALTERNATIVES = 4096;

/** One part of a path between slashes. */
export type PatternPart =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'match'; readonly regExp: RegExp }
  | { readonly kind: 'folders' };

/**
 * @param input - what the user gave
 * @returns true when it holds a character that is special in a pattern
 */
export function isPattern(input: string): boolean {
  return /[*?[{]/.test(input);
}

/**
 * Expands braces. A brace without a comma or without an end is an ordinary character.
 *
 * @param pattern - the pattern
 * @returns patterns without alternatives, in the order they are written
 * @throws MetaclipError E_USAGE when there would be more than 4,096
 */
export function expandBraces(pattern: string): string[] {
  const done: string[] = [];
  const waiting = [{ pattern, from: 0 }];
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    const group = findGroup(item.pattern, item.from);
    if (group === undefined) done.push(item.pattern);
    else if (group.choices.length < 2) waiting.push({ pattern: item.pattern, from: group.start + 1 });
    else {
      const before = item.pattern.slice(0, group.start);
      const after = item.pattern.slice(group.end);
      for (const choice of group.choices.toReversed()) {
        waiting.push({ pattern: before + choice + after, from: group.start });
      }
    }
    if (done.length + waiting.length > MAX_ALTERNATIVES) {
      throw new MetaclipError(
        'E_USAGE',
        `${pattern}: the braces make more than ${MAX_ALTERNATIVES} patterns`,
        {
          hint: 'use * or give the folder instead',
          details: { limit: MAX_ALTERNATIVES },
        },
      );
    }
  }
  return done;
}

/** The first closed pair of braces from a place on, cut at its own commas. */
function findGroup(
  pattern: string,
  from: number,
): { start: number; end: number; choices: string[] } | undefined {
  for (let start = pattern.indexOf('{', from); start >= 0; start = pattern.indexOf('{', start + 1)) {
    const choices: string[] = [];
    let depth = 0;
    let choiceStart = start + 1;
    for (let at = start; at < pattern.length; at++) {
      const char = pattern[at];
      if (char === '{') depth++;
      else if (char === ',' && depth === 1) {
        choices.push(pattern.slice(choiceStart, at));
        choiceStart = at + 1;
      } else if (char === '}' && --depth === 0) {
        choices.push(pattern.slice(choiceStart, at));
        return { start, end: at + 1, choices };
      }
    }
  }
  return undefined;
}

/**
 * @param pattern - a path without braces
 * @returns its parts in order; empty ones are left out
 */
export function parsePattern(pattern: string): PatternPart[] {
  return pattern
    .split('/')
    .filter((part) => part !== '')
    .map((part): PatternPart => {
      if (part === '**') return { kind: 'folders' };
      return /[*?[]/.test(part) ? { kind: 'match', regExp: regExpOf(part) } : { kind: 'name', name: part };
    });
}

function regExpOf(part: string): RegExp {
  let source = /^[._]/.test(part) ? '' : '(?![._])';
  for (let at = 0; at < part.length; at++) {
    const char = part[at] ?? '';
    const close = char === '[' ? part.indexOf(']', at + (part[at + 1] === '!' ? 3 : 2)) : -1;
    if (char === '*') {
      // Several stars in a row are one: more would make the match exponential.
      if (part[at - 1] !== '*') source += '.*';
    } else if (char === '?') source += '.';
    else if (close > 0) {
      const isNegated = part[at + 1] === '!';
      const set = part.slice(at + (isNegated ? 2 : 1), close).replace(/[\\\]^[]/g, '\\$&');
      source += `[${isNegated ? '^' : ''}${set}]`;
      at = close;
    } else source += char.replace(/[\\^$.|+()[\]{}/-]/g, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}
