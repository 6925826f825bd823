/** CLIP's byte-pair encoding in its slow, obvious form: strings, and all pairs looked at after every merge. */

/** A tiny vocabulary as tokens and merges. */
export interface StringVocabulary {
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/** Letter of each byte, by the definition: the printable ones themselves, the others in their order from U+0100. */
function letters(): Map<number, string> {
  const map = new Map<number, string>();
  for (const [first, last] of [
    ['!', '~'],
    ['¡', '¬'],
    ['®', 'ÿ'],
  ] as const) {
    for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code++)
      map.set(code, String.fromCharCode(code));
  }
  let next = 256;
  for (let byte = 0; byte < 256; byte++) if (!map.has(byte)) map.set(byte, String.fromCharCode(next++));
  return map;
}

const LETTERS = letters();

/** Encodes one word: merges all occurrences of the pair that stands first in the list, until there is none. */
export function encodeWordSlowly(word: string, { tokens, merges }: StringVocabulary): number[] {
  let symbols = [...Buffer.from(word)].map((byte) => LETTERS.get(byte) ?? '');
  symbols.push(`${symbols.pop()}</w>`);
  for (;;) {
    const pairs = symbols.slice(1).map((right, i) => [symbols[i] ?? '', right] as const);
    const ranks = pairs.map(([left, right]) => merges.findLastIndex(([a, b]) => a === left && b === right));
    const best = Math.min(...ranks.filter((rank) => rank >= 0));
    const [first, second] = merges[best] ?? [];
    if (first === undefined || second === undefined) break;
    const merged: string[] = [];
    for (let i = 0; i < symbols.length; i++) {
      if (symbols[i] === first && symbols[i + 1] === second) {
        merged.push(first + second);
        i++;
      } else merged.push(symbols[i] ?? '');
    }
    symbols = merged;
  }
  return symbols.map((symbol) => tokens.lastIndexOf(symbol));
}

/**
 * Learns merges from texts, as the encoding is defined: again and again the most frequent pair, the first in order on a tie.
 *
 * @param texts - words to learn from
 * @param count - number of merges
 * @returns a vocabulary of bytes, last bytes, merges and two special tokens, in the order of the original's
 */
export function learnVocabulary(texts: readonly string[], count: number): StringVocabulary {
  const words = texts
    .flatMap((text) => text.toLowerCase().split(/\s+/))
    .filter((word) => word !== '')
    .map((word) => {
      const symbols = [...Buffer.from(word)].map((byte) => LETTERS.get(byte) ?? '');
      symbols.push(`${symbols.pop()}</w>`);
      return symbols;
    });
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        const pair = `${word[i]} ${word[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    if (best === undefined) break;
    const [left = '', right = ''] = best[0].split(' ');
    merges.push([left, right]);
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        if (word[i] === left && word[i + 1] === right) word.splice(i, 2, left + right);
      }
    }
  }
  const order = [...LETTERS.values()];
  return {
    tokens: [
      ...order,
      ...order.map((letter) => `${letter}</w>`),
      ...merges.map(([left, right]) => left + right),
      '<start_of_text>',
      '<end_of_text>',
    ],
    merges,
  };
}
